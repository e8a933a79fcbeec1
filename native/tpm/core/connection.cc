#include "core/connection.h"

#include <mutex>

#include <tss2/tss2_rc.h>
#include <tss2/tss2_sys.h>
#include <tss2/tss2_tctildr.h>

#include "core/esys-memory.h"
#include "core/failure.h"

namespace interlock::tpm {

namespace {

// The loader opens shared objects and keeps no lock of its own.
std::mutex loaderMutex;

TSS2_TCTI_CONTEXT* loadTcti(const std::string& configuration) {
  const std::lock_guard lock(loaderMutex);
  TSS2_TCTI_CONTEXT* tcti = nullptr;
  check(Tss2_TctiLdr_Initialize(configuration.c_str(), &tcti), "connect");
  return tcti;
}

void unloadTcti(TSS2_TCTI_CONTEXT** tcti) {
  const std::lock_guard lock(loaderMutex);
  Tss2_TctiLdr_Finalize(tcti);
}

}  // namespace

Connection::Connection(const std::string& tcti) : tcti_(loadTcti(tcti)) {
  try {
    check(Esys_Initialize(&esys_, tcti_, nullptr), "Esys_Initialize");
    startup();
    flushLeftovers();
  } catch (...) {
    if (esys_ != nullptr) Esys_Finalize(&esys_);
    unloadTcti(&tcti_);
    throw;
  }
}

Connection::~Connection() {
  kept_.clear();
  Esys_Finalize(&esys_);
  unloadTcti(&tcti_);
}

void Connection::startup() {
  const TSS2_RC rc = Esys_Startup(esys_, TPM2_SU_CLEAR);
  if (rc != TPM2_RC_INITIALIZE) check(rc, "TPM2_Startup");
}

void Connection::flushLeftovers() {
  TSS2_SYS_CONTEXT* sys = nullptr;
  check(Esys_GetSysContext(esys_, &sys), "Esys_GetSysContext");
  // SYS flushes by TPM handle; ESYS would first read a public area, which sessions don't have.
  for (const TPM2_HANDLE range : {TPM2_TRANSIENT_FIRST, TPM2_LOADED_SESSION_FIRST}) {
    for (const TPM2_HANDLE handle : handles(range)) {
      const TSS2_RC rc = Tss2_Sys_FlushContext(sys, handle);
      // Another client may have flushed it since it was listed: the TPM's own refusals are no reason to stop.
      if ((rc & TSS2_RC_LAYER_MASK) != TSS2_TPM_RC_LAYER) check(rc, "TPM2_FlushContext");
    }
  }
}

std::optional<Reference> Connection::find(TPM2_HANDLE handle) {
  // tpm2-tss 3.2.1 gives every lookup of a handle the same metadata without counting them: the first one closed
  // would end them all.
  kept_.erase(handle);
  ESYS_TR tr = ESYS_TR_NONE;
  const TSS2_RC rc = Esys_TR_FromTPMPublic(esys_, handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &tr);
  if (isNoSuchHandle(rc)) return std::nullopt;
  check(rc, "read public area");
  return Reference(esys_, tr);
}

Reference Connection::require(TPM2_HANDLE handle) {
  std::optional<Reference> found = find(handle);
  if (!found) throw Failure(TPM2_RC_HANDLE | TPM2_RC_1, "read public area");
  return std::move(*found);
}

const Reference& Connection::keep(TPM2_HANDLE handle) {
  const auto known = kept_.find(handle);
  if (known != kept_.end()) return known->second;
  Reference found = require(handle);
  return kept_.emplace(handle, std::move(found)).first->second;
}

std::vector<TPM2_HANDLE> Connection::handles(TPM2_HANDLE first) {
  std::vector<TPM2_HANDLE> all;
  TPMI_YES_NO more = TPM2_YES;
  TPM2_HANDLE next = first;
  while (more == TPM2_YES) {
    EsysPtr<TPMS_CAPABILITY_DATA> data;
    check(Esys_GetCapability(esys_, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, TPM2_CAP_HANDLES, next,
                             TPM2_MAX_CAP_HANDLES, &more, Out(data)),
          "TPM2_GetCapability");
    const TPML_HANDLE& page = data->data.handles;
    if (page.count == 0) break;
    all.insert(all.end(), page.handle, page.handle + page.count);
    next = page.handle[page.count - 1] + 1;
  }
  return all;
}

}  // namespace interlock::tpm
