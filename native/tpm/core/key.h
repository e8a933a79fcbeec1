#pragma once

#include <tss2/tss2_esys.h>

#include "core/handle.h"

namespace interlock::tpm {

/// A primary key of the hierarchy, loaded in a transient slot.
Loaded createPrimary(ESYS_CONTEXT* esys, ESYS_TR hierarchy, const TPM2B_PUBLIC& shape);

}  // namespace interlock::tpm
