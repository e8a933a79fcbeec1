#include "core/failure.h"

#include <tss2/tss2_rc.h>
#include <tss2/tss2_tpm2_types.h>

namespace interlock::tpm {

Failure::Failure(TSS2_RC rc, const char* command)
    : std::runtime_error(std::string(command) + ": " + Tss2_RC_Decode(rc)), rc_(rc) {}

bool isNoSuchHandle(TSS2_RC rc) { return rc == (TPM2_RC_HANDLE | TPM2_RC_1); }

}  // namespace interlock::tpm
