#pragma once

#include <algorithm>

#include <tss2/tss2_mu.h>

#include "core/bytes.h"
#include "core/failure.h"

namespace interlock::tpm {

/// The wire bytes of a TPM structure (TPM 2.0 Library, Part 2).
template <class T>
Bytes marshal(TSS2_RC (*marshaller)(T const*, uint8_t[], size_t, size_t*), const T& value) {
  Bytes bytes(sizeof(T) + sizeof(uint16_t));
  size_t used = 0;
  check(marshaller(&value, bytes.data(), bytes.size(), &used), "marshal");
  bytes.resize(used);
  return bytes;
}

/// The structure that fills `bytes` completely.
template <class T>
T unmarshal(TSS2_RC (*unmarshaller)(uint8_t const[], size_t, size_t*, T*), const Bytes& bytes, const char* what) {
  T value{};
  size_t used = 0;
  check(unmarshaller(bytes.data(), bytes.size(), &used, &value), what);
  if (used != bytes.size()) throw Failure(TSS2_MU_RC_BAD_SIZE, what);
  return value;
}

/// Fills a sized buffer (TPM2B) whose capacity the caller has checked.
template <class T>
T sized(const Bytes& bytes) {
  T value{};
  if (bytes.size() > sizeof(value.buffer)) throw Failure(TSS2_MU_RC_BAD_SIZE, "sized buffer");
  value.size = static_cast<uint16_t>(bytes.size());
  std::copy(bytes.begin(), bytes.end(), value.buffer);
  return value;
}

}  // namespace interlock::tpm
