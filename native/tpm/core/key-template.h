#pragma once

#include <tss2/tss2_tpm2_types.h>

namespace interlock::tpm {

enum class EkType { EccP256, Rsa2048 };

/// Default EK templates L-2 (ECC P-256) and L-1 (RSA 2048) of the TCG EK Credential Profile, annex B.3.
TPM2B_PUBLIC endorsementKeyTemplate(EkType type);

/// ECC P-256 storage root key of the TCG TPM v2.0 Provisioning Guidance, section 7.5.1.
TPM2B_PUBLIC storageRootKeyTemplate();

/// Restricted ECDSA P-256 SHA-256 signing key.
TPM2B_PUBLIC attestationKeyTemplate();

/// Whether `key` was made from `shape`: everything is equal but the key itself.
bool madeFrom(const TPM2B_PUBLIC& shape, const TPM2B_PUBLIC& key);

}  // namespace interlock::tpm
