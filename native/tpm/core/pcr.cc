#include "core/pcr.h"

#include <tss2/tss2_esys.h>

#include "core/esys-memory.h"
#include "core/failure.h"
#include "core/tpm.h"

namespace interlock::tpm {

namespace {

constexpr int attempts = 8;

uint16_t digestSize(TPMI_ALG_HASH bank) {
  switch (bank) {
    case TPM2_ALG_SHA1: return TPM2_SHA1_DIGEST_SIZE;
    case TPM2_ALG_SHA256: return TPM2_SHA256_DIGEST_SIZE;
    case TPM2_ALG_SHA384: return TPM2_SHA384_DIGEST_SIZE;
    case TPM2_ALG_SHA512: return TPM2_SHA512_DIGEST_SIZE;
    default: throw Failure("unknown PCR bank");
  }
}

// One TPM2_PCR_Read answers at most eight digests; false when a PCR changed between two of them.
bool readAll(ESYS_CONTEXT* esys, TPMI_ALG_HASH bank, const std::vector<uint32_t>& indices, PcrValues& pcrs) {
  pcrs.values.clear();
  while (pcrs.values.size() < indices.size()) {
    const std::vector<uint32_t> rest(indices.begin() + static_cast<std::ptrdiff_t>(pcrs.values.size()), indices.end());
    const TPML_PCR_SELECTION selection = pcrSelection(bank, rest);
    UINT32 updateCounter = 0;
    EsysPtr<TPML_PCR_SELECTION> answered;
    EsysPtr<TPML_DIGEST> digests;
    check(Esys_PCR_Read(esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &selection, &updateCounter, Out(answered),
                        Out(digests)),
          "TPM2_PCR_Read");
    if (digests->count == 0) throw Failure("TPM2_PCR_Read: the TPM has no such PCR in this bank");
    if (digests->count > rest.size()) throw Failure(TSS2_ESYS_RC_MALFORMED_RESPONSE, "TPM2_PCR_Read");
    if (!pcrs.values.empty() && updateCounter != pcrs.updateCounter) return false;
    pcrs.updateCounter = updateCounter;
    for (uint32_t i = 0; i < digests->count; i += 1) {
      const TPM2B_DIGEST& digest = digests->digests[i];
      pcrs.values.push_back({rest[i], Bytes(digest.buffer, digest.buffer + digest.size)});
    }
  }
  return true;
}

}  // namespace

TPML_PCR_SELECTION pcrSelection(TPMI_ALG_HASH bank, const std::vector<uint32_t>& indices) {
  TPML_PCR_SELECTION selection{};
  if (indices.empty()) return selection;
  selection.count = 1;
  selection.pcrSelections[0].hash = bank;
  selection.pcrSelections[0].sizeofSelect = 3;
  for (const uint32_t index : indices) {
    selection.pcrSelections[0].pcrSelect[index / 8] |= static_cast<BYTE>(1U << (index % 8));
  }
  return selection;
}

PcrValues Tpm::pcrRead(TPMI_ALG_HASH bank, const std::vector<uint32_t>& ascendingIndices) {
  PcrValues pcrs;
  for (int attempt = 0; attempt < attempts; attempt += 1) {
    if (readAll(connection_.esys(), bank, ascendingIndices, pcrs)) return pcrs;
  }
  throw Failure(TPM2_RC_RETRY, "TPM2_PCR_Read");
}

void Tpm::pcrExtend(uint32_t index, TPMI_ALG_HASH bank, const Bytes& digest) {
  if (digest.size() != digestSize(bank)) throw Failure("TPM2_PCR_Extend: the digest does not fit the bank");
  TPML_DIGEST_VALUES values{};
  values.count = 1;
  values.digests[0].hashAlg = bank;
  std::copy(digest.begin(), digest.end(), values.digests[0].digest.sha512);
  check(Esys_PCR_Extend(connection_.esys(), ESYS_TR_PCR0 + index, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                        &values),
        "TPM2_PCR_Extend");
}

void Tpm::pcrReset(uint32_t index) {
  check(Esys_PCR_Reset(connection_.esys(), ESYS_TR_PCR0 + index, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE),
        "TPM2_PCR_Reset");
}

}  // namespace interlock::tpm
