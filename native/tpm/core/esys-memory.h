#pragma once

#include <memory>

#include <tss2/tss2_esys.h>

namespace interlock::tpm {

struct EsysFree {
  void operator()(void* memory) const { Esys_Free(memory); }
};

/// Memory that ESYS allocated for a response.
template <class T>
using EsysPtr = std::unique_ptr<T, EsysFree>;

/// Receives a `T**` output parameter; the owner holds the memory by the end of the full expression, throw or not.
template <class T>
class Out {
 public:
  explicit Out(EsysPtr<T>& owner) : owner_(owner) {}
  Out(const Out&) = delete;
  Out& operator=(const Out&) = delete;
  ~Out() { owner_.reset(raw_); }

  operator T**() { return &raw_; }

 private:
  EsysPtr<T>& owner_;
  T* raw_ = nullptr;
};

}  // namespace interlock::tpm
