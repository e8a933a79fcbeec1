#include <tss2/tss2_esys.h>

#include "core/esys-memory.h"
#include "core/failure.h"
#include "core/marshal.h"
#include "core/pcr.h"
#include "core/tpm.h"

namespace interlock::tpm {

Attested Tpm::quote(TPM2_HANDLE akHandle, const Bytes& qualifyingData, TPMI_ALG_HASH bank,
                    const std::vector<uint32_t>& ascendingIndices) {
  const Reference& ak = connection_.keep(akHandle);
  const auto nonce = sized<TPM2B_DATA>(qualifyingData);
  const TPML_PCR_SELECTION selection = pcrSelection(bank, ascendingIndices);
  TPMT_SIG_SCHEME keysOwnScheme{};
  keysOwnScheme.scheme = TPM2_ALG_NULL;
  EsysPtr<TPM2B_ATTEST> attest;
  EsysPtr<TPMT_SIGNATURE> signature;
  check(Esys_Quote(connection_.esys(), ak.tr(), ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &nonce, &keysOwnScheme,
                   &selection, Out(attest), Out(signature)),
        "TPM2_Quote");
  return {Bytes(attest->attestationData, attest->attestationData + attest->size),
          marshal(Tss2_MU_TPMT_SIGNATURE_Marshal, *signature)};
}

}  // namespace interlock::tpm
