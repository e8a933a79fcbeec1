#pragma once

#include <stdexcept>
#include <string>

#include <tss2/tss2_common.h>

namespace interlock::tpm {

/// A refused or failed command. `rc` is the response code of whichever TSS layer answered; 0 when this library refused
/// before or after asking the TPM (a handle that holds another kind of key, a PCR bank that is not allocated).
class Failure : public std::runtime_error {
 public:
  Failure(TSS2_RC rc, const char* command);
  explicit Failure(const std::string& reason) : std::runtime_error(reason), rc_(0) {}

  TSS2_RC rc() const { return rc_; }

 private:
  TSS2_RC rc_;
};

inline void check(TSS2_RC rc, const char* command) {
  if (rc != TSS2_RC_SUCCESS) throw Failure(rc, command);
}

/// TPM_RC_HANDLE for the first handle: nothing is at that persistent handle or NV index.
bool isNoSuchHandle(TSS2_RC rc);

}  // namespace interlock::tpm
