#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <tss2/tss2_esys.h>

#include "core/handle.h"

namespace interlock::tpm {

/// One TCTI and the ESYS context over it. Not thread-safe: one thread uses it, one command at a time.
class Connection {
 public:
  /// Connects, starts the TPM up if nobody has, and flushes what earlier clients left in its slots.
  /// @param tcti configuration string of tss2-tctildr, such as `swtpm:host=127.0.0.1,port=2321`.
  explicit Connection(const std::string& tcti);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  ESYS_CONTEXT* esys() const { return esys_; }

  /// A persistent key or an NV index; nullopt when nothing is there.
  std::optional<Reference> find(TPM2_HANDLE handle);
  /// As `find`, but absence is a failure with TPM_RC_HANDLE.
  Reference require(TPM2_HANDLE handle);
  /// As `require`, but looked up once, since that costs a command of its own; valid until the handle is looked up again.
  /// A password session does not use the name that ESYS remembers, so a key that somebody exchanged behind our back
  /// still answers for itself.
  const Reference& keep(TPM2_HANDLE handle);
  /// All handles of the range that starts at `first`, such as TPM2_TRANSIENT_FIRST.
  std::vector<TPM2_HANDLE> handles(TPM2_HANDLE first);

 private:
  void startup();
  void flushLeftovers();

  TSS2_TCTI_CONTEXT* tcti_ = nullptr;
  ESYS_CONTEXT* esys_ = nullptr;
  std::map<TPM2_HANDLE, Reference> kept_;
};

}  // namespace interlock::tpm
