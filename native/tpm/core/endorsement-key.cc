#include <tss2/tss2_esys.h>

#include "core/esys-memory.h"
#include "core/failure.h"
#include "core/key.h"
#include "core/tpm.h"

namespace interlock::tpm {

namespace {

// NV indices and reserved persistent handles of the TCG EK Credential Profile, low range.
constexpr TPM2_HANDLE certificateIndex(EkType type) { return type == EkType::EccP256 ? 0x01c0000a : 0x01c00002; }
constexpr TPM2_HANDLE persistentHandle(EkType type) { return type == EkType::EccP256 ? 0x81010002 : 0x81010001; }

}  // namespace

// An EK is worth what its certificate says, so the certificate decides which EK is used.
EkType Tpm::certifiedEkType() {
  if (connection_.find(certificateIndex(EkType::EccP256))) return EkType::EccP256;
  return connection_.find(certificateIndex(EkType::Rsa2048)) ? EkType::Rsa2048 : EkType::EccP256;
}

std::optional<Bytes> Tpm::readEkCertificate(std::optional<EkType> type) {
  const std::optional<Reference> index = connection_.find(certificateIndex(type ? *type : certifiedEkType()));
  if (!index) return std::nullopt;
  return nvReadBytes(*index, nvPublic(*index).nvPublic.dataSize);
}

EndorsementKey Tpm::createEk(std::optional<EkType> requested) {
  const EkType type = requested ? *requested : certifiedEkType();
  const TPM2_HANDLE handle = persistentHandle(type);
  const TPM2B_PUBLIC shape = endorsementKeyTemplate(type);
  if (const std::optional<Reference> existing = connection_.find(handle)) {
    return {type, describe(handle, shape, *existing)};
  }
  persist(createPrimary(connection_.esys(), ESYS_TR_RH_ENDORSEMENT, shape), handle);
  return {type, describe(handle, shape, connection_.require(handle))};
}

}  // namespace interlock::tpm
