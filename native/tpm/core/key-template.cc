#include "core/key-template.h"

#include <algorithm>
#include <array>

#include "core/marshal.h"

namespace interlock::tpm {

namespace {

constexpr TPMA_OBJECT bornInThisTpm = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN;

// PolicySecret(TPM_RH_ENDORSEMENT), SHA-256.
constexpr std::array<uint8_t, 32> endorsementPolicy = {
    0x83, 0x71, 0x97, 0x67, 0x44, 0x84, 0xb3, 0xf8, 0x1a, 0x90, 0xcc, 0x8d, 0x46, 0xa5, 0xd7, 0x24,
    0xfd, 0x52, 0xd7, 0x6e, 0x06, 0x52, 0x0b, 0x64, 0xf2, 0xa1, 0xda, 0x1b, 0x33, 0x14, 0x69, 0xaa};

void useAes128Cfb(TPMT_SYM_DEF_OBJECT& symmetric) {
  symmetric.algorithm = TPM2_ALG_AES;
  symmetric.keyBits.aes = 128;
  symmetric.mode.aes = TPM2_ALG_CFB;
}

TPM2B_PUBLIC eccP256(TPMA_OBJECT attributes) {
  TPM2B_PUBLIC key{};
  key.publicArea.type = TPM2_ALG_ECC;
  key.publicArea.nameAlg = TPM2_ALG_SHA256;
  key.publicArea.objectAttributes = attributes;
  TPMS_ECC_PARMS& ecc = key.publicArea.parameters.eccDetail;
  ecc.symmetric.algorithm = TPM2_ALG_NULL;
  ecc.scheme.scheme = TPM2_ALG_NULL;
  ecc.curveID = TPM2_ECC_NIST_P256;
  ecc.kdf.scheme = TPM2_ALG_NULL;
  return key;
}

}  // namespace

TPM2B_PUBLIC endorsementKeyTemplate(EkType type) {
  constexpr TPMA_OBJECT attributes =
      bornInThisTpm | TPMA_OBJECT_ADMINWITHPOLICY | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT;
  TPM2B_PUBLIC key = eccP256(attributes);
  if (type == EkType::EccP256) {
    useAes128Cfb(key.publicArea.parameters.eccDetail.symmetric);
    // The profile fixes `unique` to zeros of full length; it enters the derivation, so the length matters.
    key.publicArea.unique.ecc.x.size = 32;
    key.publicArea.unique.ecc.y.size = 32;
  } else {
    key.publicArea.type = TPM2_ALG_RSA;
    TPMS_RSA_PARMS rsa{};
    useAes128Cfb(rsa.symmetric);
    rsa.scheme.scheme = TPM2_ALG_NULL;
    rsa.keyBits = 2048;
    key.publicArea.parameters.rsaDetail = rsa;
    key.publicArea.unique.rsa.size = 256;
  }
  key.publicArea.authPolicy.size = endorsementPolicy.size();
  std::ranges::copy(endorsementPolicy, key.publicArea.authPolicy.buffer);
  return key;
}

TPM2B_PUBLIC storageRootKeyTemplate() {
  TPM2B_PUBLIC key = eccP256(bornInThisTpm | TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA | TPMA_OBJECT_RESTRICTED |
                             TPMA_OBJECT_DECRYPT);
  useAes128Cfb(key.publicArea.parameters.eccDetail.symmetric);
  key.publicArea.unique.ecc.x.size = 32;
  key.publicArea.unique.ecc.y.size = 32;
  return key;
}

TPM2B_PUBLIC attestationKeyTemplate() {
  // noDA: its authorisation is empty, so nothing can be guessed, and somebody else's lockout must not stop quotes.
  TPM2B_PUBLIC key = eccP256(bornInThisTpm | TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA | TPMA_OBJECT_RESTRICTED |
                             TPMA_OBJECT_SIGN_ENCRYPT);
  key.publicArea.parameters.eccDetail.scheme.scheme = TPM2_ALG_ECDSA;
  key.publicArea.parameters.eccDetail.scheme.details.ecdsa.hashAlg = TPM2_ALG_SHA256;
  return key;
}

bool madeFrom(const TPM2B_PUBLIC& shape, const TPM2B_PUBLIC& key) {
  if (shape.publicArea.type != key.publicArea.type) return false;
  TPMT_PUBLIC blank = shape.publicArea;
  TPMT_PUBLIC other = key.publicArea;
  blank.unique = {};
  other.unique = {};
  return marshal(Tss2_MU_TPMT_PUBLIC_Marshal, blank) == marshal(Tss2_MU_TPMT_PUBLIC_Marshal, other);
}

}  // namespace interlock::tpm
