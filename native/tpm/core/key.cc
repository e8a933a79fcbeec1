#include "core/key.h"

#include <cstdio>

#include "core/esys-memory.h"
#include "core/failure.h"
#include "core/marshal.h"
#include "core/tpm.h"

namespace interlock::tpm {

Loaded createPrimary(ESYS_CONTEXT* esys, ESYS_TR hierarchy, const TPM2B_PUBLIC& shape) {
  const TPM2B_SENSITIVE_CREATE sensitive{};
  const TPM2B_DATA outsideInfo{};
  const TPML_PCR_SELECTION creationPcr{};
  ESYS_TR tr = ESYS_TR_NONE;
  EsysPtr<TPM2B_PUBLIC> outPublic;
  EsysPtr<TPM2B_CREATION_DATA> creationData;
  EsysPtr<TPM2B_DIGEST> creationHash;
  EsysPtr<TPMT_TK_CREATION> creationTicket;
  check(Esys_CreatePrimary(esys, hierarchy, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &sensitive, &shape,
                           &outsideInfo, &creationPcr, &tr, Out(outPublic), Out(creationData), Out(creationHash),
                           Out(creationTicket)),
        "TPM2_CreatePrimary");
  return Loaded(esys, tr);
}

void Tpm::persist(const Loaded& object, TPM2_HANDLE handle) {
  ESYS_TR tr = ESYS_TR_NONE;
  check(Esys_EvictControl(connection_.esys(), ESYS_TR_RH_OWNER, object.tr(), ESYS_TR_PASSWORD, ESYS_TR_NONE,
                          ESYS_TR_NONE, handle, &tr),
        "TPM2_EvictControl");
  Esys_TR_Close(connection_.esys(), &tr);
}

void Tpm::evict(TPM2_HANDLE handle) {
  const Reference object = connection_.require(handle);
  ESYS_TR none = ESYS_TR_NONE;
  check(Esys_EvictControl(connection_.esys(), ESYS_TR_RH_OWNER, object.tr(), ESYS_TR_PASSWORD, ESYS_TR_NONE,
                          ESYS_TR_NONE, handle, &none),
        "TPM2_EvictControl");
}

Key Tpm::describe(TPM2_HANDLE handle, const TPM2B_PUBLIC& shape, const Reference& reference) {
  EsysPtr<TPM2B_PUBLIC> publicArea;
  EsysPtr<TPM2B_NAME> name;
  EsysPtr<TPM2B_NAME> qualifiedName;
  check(Esys_ReadPublic(connection_.esys(), reference.tr(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, Out(publicArea),
                        Out(name), Out(qualifiedName)),
        "TPM2_ReadPublic");
  if (!madeFrom(shape, *publicArea)) {
    char text[11];
    std::snprintf(text, sizeof text, "0x%08x", handle);
    throw Failure(std::string("handle ") + text + " holds another kind of key");
  }
  return {handle, marshal(Tss2_MU_TPMT_PUBLIC_Marshal, publicArea->publicArea),
          Bytes(name->name, name->name + name->size)};
}

}  // namespace interlock::tpm
