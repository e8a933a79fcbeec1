#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <tss2/tss2_tpm2_types.h>

#include "core/bytes.h"
#include "core/connection.h"
#include "core/key-template.h"

namespace interlock::tpm {

struct Properties {
  std::string family;
  uint32_t specLevel = 0;
  uint32_t specRevision = 0;  // times 100: 164 is revision 1.64
  std::string manufacturer;
  std::string vendorString;
  uint32_t firmwareVersion1 = 0;
  uint32_t firmwareVersion2 = 0;
};

struct Clock {
  uint64_t clock = 0;  // milliseconds
  uint32_t resetCount = 0;
  uint32_t restartCount = 0;
  bool safe = false;
};

struct Handles {
  std::vector<uint32_t> transient;
  std::vector<uint32_t> loadedSessions;
  std::vector<uint32_t> persistent;
};

struct PcrValue {
  uint32_t index = 0;
  Bytes digest;
};

struct PcrValues {
  uint32_t updateCounter = 0;
  std::vector<PcrValue> values;  // ascending index
};

struct Key {
  uint32_t handle = 0;
  Bytes publicArea;  // TPMT_PUBLIC
  Bytes name;        // nameAlg and digest of publicArea
};

struct EndorsementKey {
  EkType type = EkType::EccP256;
  Key key;
};

/// What the TPM says of itself, with the signature of its key.
struct Attested {
  Bytes attest;     // TPMS_ATTEST
  Bytes signature;  // TPMT_SIGNATURE
};

/// The operations Interlock needs of a TPM. Not thread-safe. Every failure is a `Failure`; whatever an operation loads
/// is flushed before it returns or throws.
class Tpm {
 public:
  /// Bytes of an NV counter.
  static constexpr uint16_t counterSize = 8;

  explicit Tpm(const std::string& tcti) : connection_(tcti) {}

  Properties properties();
  Clock readClock();
  Handles handles();
  void shutdown();

  PcrValues pcrRead(TPMI_ALG_HASH bank, const std::vector<uint32_t>& ascendingIndices);
  void pcrExtend(uint32_t index, TPMI_ALG_HASH bank, const Bytes& digest);
  void pcrReset(uint32_t index);

  /// DER, possibly followed by padding up to the size of the NV index; nullopt when the TPM carries none.
  std::optional<Bytes> readEkCertificate(std::optional<EkType> type);
  EndorsementKey createEk(std::optional<EkType> type);

  Key createAk(TPM2_HANDLE handle);
  std::optional<Key> loadAk(TPM2_HANDLE handle);
  void evict(TPM2_HANDLE handle);

  Bytes activateCredential(TPM2_HANDLE akHandle, TPM2_HANDLE ekHandle, const Bytes& credentialBlob,
                           const Bytes& encryptedSecret);

  Attested quote(TPM2_HANDLE akHandle, const Bytes& qualifyingData, TPMI_ALG_HASH bank,
                 const std::vector<uint32_t>& ascendingIndices);

  bool nvCounterDefine(TPM2_HANDLE index);
  uint64_t nvIncrement(TPM2_HANDLE index);
  uint64_t nvRead(TPM2_HANDLE index);
  Attested nvCertify(TPM2_HANDLE akHandle, TPM2_HANDLE index, const Bytes& qualifyingData);
  void nvUndefine(TPM2_HANDLE index);

 private:
  EkType certifiedEkType();
  Key describe(TPM2_HANDLE handle, const TPM2B_PUBLIC& shape, const Reference& reference);
  Bytes nvReadBytes(const Reference& index, uint16_t size);
  TPM2B_NV_PUBLIC nvPublic(const Reference& index);
  Reference requireCounter(TPM2_HANDLE index);
  void persist(const Loaded& object, TPM2_HANDLE handle);

  Connection connection_;
};

}  // namespace interlock::tpm
