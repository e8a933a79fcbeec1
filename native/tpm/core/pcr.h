#pragma once

#include <cstdint>
#include <vector>

#include <tss2/tss2_tpm2_types.h>

namespace interlock::tpm {

/// The selection of `indices` (0 to 23) in `bank`; an empty list selects nothing at all.
TPML_PCR_SELECTION pcrSelection(TPMI_ALG_HASH bank, const std::vector<uint32_t>& indices);

}  // namespace interlock::tpm
