#include "core/tpm.h"

#include <tss2/tss2_esys.h>

#include "core/esys-memory.h"
#include "core/failure.h"

namespace interlock::tpm {

namespace {

// Four ASCII characters in a big-endian word; unused ones are NUL.
std::string text(uint32_t word) {
  std::string characters;
  for (int shift = 24; shift >= 0; shift -= 8) {
    const char character = static_cast<char>(word >> shift & 0xff);
    if (character != '\0') characters.push_back(character);
  }
  return characters;
}

}  // namespace

Properties Tpm::properties() {
  EsysPtr<TPMS_CAPABILITY_DATA> data;
  TPMI_YES_NO more = TPM2_NO;
  check(Esys_GetCapability(connection_.esys(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, TPM2_CAP_TPM_PROPERTIES,
                           TPM2_PT_FIXED, TPM2_MAX_TPM_PROPERTIES, &more, Out(data)),
        "TPM2_GetCapability");
  Properties properties;
  const TPML_TAGGED_TPM_PROPERTY& list = data->data.tpmProperties;
  for (uint32_t i = 0; i < list.count; i += 1) {
    const uint32_t value = list.tpmProperty[i].value;
    switch (list.tpmProperty[i].property) {
      case TPM2_PT_FAMILY_INDICATOR: properties.family = text(value); break;
      case TPM2_PT_LEVEL: properties.specLevel = value; break;
      case TPM2_PT_REVISION: properties.specRevision = value; break;
      case TPM2_PT_MANUFACTURER: properties.manufacturer = text(value); break;
      case TPM2_PT_VENDOR_STRING_1:
      case TPM2_PT_VENDOR_STRING_2:
      case TPM2_PT_VENDOR_STRING_3:
      case TPM2_PT_VENDOR_STRING_4: properties.vendorString += text(value); break;
      case TPM2_PT_FIRMWARE_VERSION_1: properties.firmwareVersion1 = value; break;
      case TPM2_PT_FIRMWARE_VERSION_2: properties.firmwareVersion2 = value; break;
      default: break;
    }
  }
  return properties;
}

Clock Tpm::readClock() {
  EsysPtr<TPMS_TIME_INFO> time;
  check(Esys_ReadClock(connection_.esys(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, Out(time)), "TPM2_ReadClock");
  const TPMS_CLOCK_INFO& info = time->clockInfo;
  return {info.clock, info.resetCount, info.restartCount, info.safe == TPM2_YES};
}

Handles Tpm::handles() {
  return {connection_.handles(TPM2_TRANSIENT_FIRST), connection_.handles(TPM2_LOADED_SESSION_FIRST),
          connection_.handles(TPM2_PERSISTENT_FIRST)};
}

void Tpm::shutdown() {
  check(Esys_Shutdown(connection_.esys(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, TPM2_SU_CLEAR), "TPM2_Shutdown");
}

}  // namespace interlock::tpm
