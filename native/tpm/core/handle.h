#pragma once

#include <utility>

#include <tss2/tss2_esys.h>

namespace interlock::tpm {

/// A transient object or a session: it occupies one of the TPM's few slots and is flushed when it leaves scope. A TPM
/// with leaked slots answers TPM_RC_OBJECT_MEMORY to everybody, long after the client that leaked is gone.
class Loaded {
 public:
  Loaded(ESYS_CONTEXT* esys, ESYS_TR tr) : esys_(esys), tr_(tr) {}
  Loaded(Loaded&& other) noexcept : esys_(other.esys_), tr_(std::exchange(other.tr_, ESYS_TR_NONE)) {}
  Loaded& operator=(Loaded&&) = delete;
  ~Loaded() {
    if (tr_ == ESYS_TR_NONE) return;
    if (Esys_FlushContext(esys_, tr_) != TSS2_RC_SUCCESS) Esys_TR_Close(esys_, &tr_);
  }

  ESYS_TR tr() const { return tr_; }

 private:
  ESYS_CONTEXT* esys_;
  ESYS_TR tr_;
};

/// ESYS metadata of what lives in the TPM's NV memory (persistent key, NV index): closing it leaves the TPM untouched.
/// Closing what ESYS has dropped already, as after TPM2_NV_UndefineSpace, is harmless: it never uses a number twice.
class Reference {
 public:
  Reference(ESYS_CONTEXT* esys, ESYS_TR tr) : esys_(esys), tr_(tr) {}
  Reference(Reference&& other) noexcept : esys_(other.esys_), tr_(std::exchange(other.tr_, ESYS_TR_NONE)) {}
  Reference& operator=(Reference&&) = delete;
  ~Reference() {
    if (tr_ != ESYS_TR_NONE) Esys_TR_Close(esys_, &tr_);
  }

  ESYS_TR tr() const { return tr_; }

 private:
  ESYS_CONTEXT* esys_;
  ESYS_TR tr_;
};

}  // namespace interlock::tpm
