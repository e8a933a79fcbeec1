#include <cstdlib>
#include <mutex>

#include <napi.h>

#include "addon/connection-object.h"

namespace {

using Object = interlock::tpm::ConnectionObject;

Napi::Object initialise(Napi::Env env, Napi::Object exports) {
  // tpm2-tss writes each failed command to stderr unless told otherwise; here every failure reaches the caller instead.
  static std::once_flag silenced;
  std::call_once(silenced, [] { setenv("TSS2_LOG", "all+none", 0); });

  const Napi::Function connection = Object::DefineClass(
      env, "Connection",
      {Object::InstanceMethod("open", &Object::open), Object::InstanceMethod("close", &Object::close),
       Object::InstanceMethod("stop", &Object::stop), Object::InstanceMethod("properties", &Object::properties),
       Object::InstanceMethod("readClock", &Object::readClock), Object::InstanceMethod("handles", &Object::handles),
       Object::InstanceMethod("shutdown", &Object::shutdown), Object::InstanceMethod("pcrRead", &Object::pcrRead),
       Object::InstanceMethod("pcrExtend", &Object::pcrExtend), Object::InstanceMethod("pcrReset", &Object::pcrReset),
       Object::InstanceMethod("readEkCertificate", &Object::readEkCertificate),
       Object::InstanceMethod("createEk", &Object::createEk), Object::InstanceMethod("createAk", &Object::createAk),
       Object::InstanceMethod("loadAk", &Object::loadAk), Object::InstanceMethod("evict", &Object::evict),
       Object::InstanceMethod("activateCredential", &Object::activateCredential),
       Object::InstanceMethod("quote", &Object::quote),
       Object::InstanceMethod("nvCertify", &Object::nvCertify),
       Object::InstanceMethod("nvCounterDefine", &Object::nvCounterDefine),
       Object::InstanceMethod("nvIncrement", &Object::nvIncrement), Object::InstanceMethod("nvRead", &Object::nvRead),
       Object::InstanceMethod("nvUndefine", &Object::nvUndefine)});
  exports.Set("Connection", connection);
  return exports;
}

}  // namespace

NODE_API_MODULE(interlock_tpm, initialise)
