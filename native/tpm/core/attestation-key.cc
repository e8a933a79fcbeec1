#include <tss2/tss2_esys.h>

#include "core/esys-memory.h"
#include "core/failure.h"
#include "core/key.h"
#include "core/tpm.h"

namespace interlock::tpm {

namespace {

// Created under the storage root rather than derived as a primary: each call makes another key, so a node that is
// enrolled anew does not come back with the key that was retired.
Loaded createUnder(ESYS_CONTEXT* esys, const Loaded& parent, const TPM2B_PUBLIC& shape) {
  const TPM2B_SENSITIVE_CREATE sensitive{};
  const TPM2B_DATA outsideInfo{};
  const TPML_PCR_SELECTION creationPcr{};
  EsysPtr<TPM2B_PRIVATE> outPrivate;
  EsysPtr<TPM2B_PUBLIC> outPublic;
  EsysPtr<TPM2B_CREATION_DATA> creationData;
  EsysPtr<TPM2B_DIGEST> creationHash;
  EsysPtr<TPMT_TK_CREATION> creationTicket;
  check(Esys_Create(esys, parent.tr(), ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &sensitive, &shape, &outsideInfo,
                    &creationPcr, Out(outPrivate), Out(outPublic), Out(creationData), Out(creationHash),
                    Out(creationTicket)),
        "TPM2_Create");
  ESYS_TR tr = ESYS_TR_NONE;
  check(Esys_Load(esys, parent.tr(), ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, outPrivate.get(), outPublic.get(),
                  &tr),
        "TPM2_Load");
  return Loaded(esys, tr);
}

}  // namespace

Key Tpm::createAk(TPM2_HANDLE handle) {
  if (connection_.find(handle)) throw Failure(TPM2_RC_NV_DEFINED, "TPM2_EvictControl");
  const TPM2B_PUBLIC shape = attestationKeyTemplate();
  const Loaded root = createPrimary(connection_.esys(), ESYS_TR_RH_OWNER, storageRootKeyTemplate());
  persist(createUnder(connection_.esys(), root, shape), handle);
  return describe(handle, shape, connection_.require(handle));
}

std::optional<Key> Tpm::loadAk(TPM2_HANDLE handle) {
  const std::optional<Reference> existing = connection_.find(handle);
  if (!existing) return std::nullopt;
  return describe(handle, attestationKeyTemplate(), *existing);
}

}  // namespace interlock::tpm
