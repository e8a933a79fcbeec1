#pragma once

#include <cstdint>
#include <vector>

namespace interlock::tpm {

using Bytes = std::vector<uint8_t>;

}  // namespace interlock::tpm
