#include <algorithm>

#include <tss2/tss2_esys.h>

#include "core/esys-memory.h"
#include "core/failure.h"
#include "core/marshal.h"
#include "core/tpm.h"

namespace interlock::tpm {

namespace {

// TPM_PT_NV_BUFFER_MAX may be larger; every TPM of the PC Client profile takes at least this.
constexpr uint16_t chunkSize = 512;
constexpr TPMA_NV counterKind = TPM2_NT_COUNTER << TPMA_NV_TPM2_NT_SHIFT;

uint64_t valueOf(const Bytes& counter) {
  uint64_t value = 0;
  for (const uint8_t byte : counter) value = value << 8 | byte;
  return value;
}

}  // namespace

TPM2B_NV_PUBLIC Tpm::nvPublic(const Reference& index) {
  EsysPtr<TPM2B_NV_PUBLIC> nvPublic;
  EsysPtr<TPM2B_NAME> name;
  check(Esys_NV_ReadPublic(connection_.esys(), index.tr(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, Out(nvPublic),
                           Out(name)),
        "TPM2_NV_ReadPublic");
  return *nvPublic;
}

Bytes Tpm::nvReadBytes(const Reference& index, uint16_t size) {
  Bytes bytes;
  while (bytes.size() < size) {
    const uint16_t offset = static_cast<uint16_t>(bytes.size());
    EsysPtr<TPM2B_MAX_NV_BUFFER> chunk;
    check(Esys_NV_Read(connection_.esys(), index.tr(), index.tr(), ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                       std::min<uint16_t>(chunkSize, static_cast<uint16_t>(size - offset)), offset, Out(chunk)),
          "TPM2_NV_Read");
    if (chunk->size == 0) throw Failure(TSS2_ESYS_RC_MALFORMED_RESPONSE, "TPM2_NV_Read");
    bytes.insert(bytes.end(), chunk->buffer, chunk->buffer + chunk->size);
  }
  return bytes;
}

Reference Tpm::requireCounter(TPM2_HANDLE index) {
  Reference counter = connection_.require(index);
  if ((nvPublic(counter).nvPublic.attributes & TPMA_NV_TPM2_NT_MASK) != counterKind) {
    throw Failure("the NV index is no counter");
  }
  return counter;
}

bool Tpm::nvCounterDefine(TPM2_HANDLE index) {
  const bool exists = connection_.find(index).has_value();
  if (!exists) {
    TPM2B_NV_PUBLIC shape{};
    shape.nvPublic.nvIndex = index;
    shape.nvPublic.nameAlg = TPM2_ALG_SHA256;
    shape.nvPublic.attributes = counterKind | TPMA_NV_AUTHREAD | TPMA_NV_AUTHWRITE | TPMA_NV_OWNERREAD |
                                TPMA_NV_OWNERWRITE | TPMA_NV_NO_DA;
    shape.nvPublic.dataSize = counterSize;
    const TPM2B_AUTH auth{};
    ESYS_TR tr = ESYS_TR_NONE;
    check(Esys_NV_DefineSpace(connection_.esys(), ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &auth,
                              &shape, &tr),
          "TPM2_NV_DefineSpace");
    Esys_TR_Close(connection_.esys(), &tr);
  }
  // A counter has no value before its first increment; one that was cut off between the two commands is finished here.
  const bool written = (nvPublic(requireCounter(index)).nvPublic.attributes & TPMA_NV_WRITTEN) != 0;
  if (!written) nvIncrement(index);
  return !exists;
}

uint64_t Tpm::nvIncrement(TPM2_HANDLE index) {
  const Reference counter = requireCounter(index);
  check(Esys_NV_Increment(connection_.esys(), counter.tr(), counter.tr(), ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE),
        "TPM2_NV_Increment");
  return valueOf(nvReadBytes(counter, counterSize));
}

uint64_t Tpm::nvRead(TPM2_HANDLE index) { return valueOf(nvReadBytes(requireCounter(index), counterSize)); }

void Tpm::nvUndefine(TPM2_HANDLE index) {
  const Reference nv = connection_.require(index);
  check(Esys_NV_UndefineSpace(connection_.esys(), ESYS_TR_RH_OWNER, nv.tr(), ESYS_TR_PASSWORD, ESYS_TR_NONE,
                              ESYS_TR_NONE),
        "TPM2_NV_UndefineSpace");
}

}  // namespace interlock::tpm
