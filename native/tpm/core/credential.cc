#include <tss2/tss2_esys.h>

#include "core/esys-memory.h"
#include "core/failure.h"
#include "core/marshal.h"
#include "core/tpm.h"

namespace interlock::tpm {

namespace {

// The default EK templates are usable only under PolicySecret(TPM_RH_ENDORSEMENT).
Loaded startEndorsementPolicy(ESYS_CONTEXT* esys) {
  TPMT_SYM_DEF symmetric{};
  symmetric.algorithm = TPM2_ALG_NULL;
  ESYS_TR tr = ESYS_TR_NONE;
  check(Esys_StartAuthSession(esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, nullptr,
                              TPM2_SE_POLICY, &symmetric, TPM2_ALG_SHA256, &tr),
        "TPM2_StartAuthSession");
  Loaded session(esys, tr);
  // Without it the TPM would drop the session itself on success only, and the flush below would name a stale handle.
  check(Esys_TRSess_SetAttributes(esys, tr, TPMA_SESSION_CONTINUESESSION, TPMA_SESSION_CONTINUESESSION),
        "Esys_TRSess_SetAttributes");
  const TPM2B_NONCE nonce{};
  const TPM2B_DIGEST cpHash{};
  const TPM2B_NONCE policyRef{};
  EsysPtr<TPM2B_TIMEOUT> timeout;
  EsysPtr<TPMT_TK_AUTH> ticket;
  check(Esys_PolicySecret(esys, ESYS_TR_RH_ENDORSEMENT, tr, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &nonce,
                          &cpHash, &policyRef, 0, Out(timeout), Out(ticket)),
        "TPM2_PolicySecret");
  return session;
}

}  // namespace

Bytes Tpm::activateCredential(TPM2_HANDLE akHandle, TPM2_HANDLE ekHandle, const Bytes& credentialBlob,
                              const Bytes& encryptedSecret) {
  const auto blob = unmarshal(Tss2_MU_TPM2B_ID_OBJECT_Unmarshal, credentialBlob, "credentialBlob");
  const auto seed = unmarshal(Tss2_MU_TPM2B_ENCRYPTED_SECRET_Unmarshal, encryptedSecret, "encryptedSecret");
  const Reference ak = connection_.require(akHandle);
  const Reference ek = connection_.require(ekHandle);
  const Loaded policy = startEndorsementPolicy(connection_.esys());
  EsysPtr<TPM2B_DIGEST> secret;
  check(Esys_ActivateCredential(connection_.esys(), ak.tr(), ek.tr(), ESYS_TR_PASSWORD, policy.tr(), ESYS_TR_NONE,
                                &blob, &seed, Out(secret)),
        "TPM2_ActivateCredential");
  return Bytes(secret->buffer, secret->buffer + secret->size);
}

}  // namespace interlock::tpm
