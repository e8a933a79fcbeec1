#include <tss2/tss2_esys.h>

#include "core/esys-memory.h"
#include "core/failure.h"
#include "core/marshal.h"
#include "core/tpm.h"

namespace interlock::tpm {

Attested Tpm::nvCertify(TPM2_HANDLE akHandle, TPM2_HANDLE index, const Bytes& qualifyingData) {
  const Reference counter = requireCounter(index);
  const Reference& ak = connection_.keep(akHandle);
  const auto nonce = sized<TPM2B_DATA>(qualifyingData);
  TPMT_SIG_SCHEME keysOwnScheme{};
  keysOwnScheme.scheme = TPM2_ALG_NULL;
  EsysPtr<TPM2B_ATTEST> attest;
  EsysPtr<TPMT_SIGNATURE> signature;
  check(Esys_NV_Certify(connection_.esys(), ak.tr(), counter.tr(), counter.tr(), ESYS_TR_PASSWORD, ESYS_TR_PASSWORD,
                        ESYS_TR_NONE, &nonce, &keysOwnScheme, counterSize, 0, Out(attest), Out(signature)),
        "TPM2_NV_Certify");
  return {Bytes(attest->attestationData, attest->attestationData + attest->size),
          marshal(Tss2_MU_TPMT_SIGNATURE_Marshal, *signature)};
}

}  // namespace interlock::tpm
