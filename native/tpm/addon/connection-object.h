#pragma once

#include <napi.h>

#include "addon/job-queue.h"

namespace interlock::tpm {

/// The JavaScript object of one connection. Every method but `stop` answers a promise; a rejection carries `rc`, the
/// response code, or 0 where no TSS layer gave one.
class ConnectionObject : public Napi::ObjectWrap<ConnectionObject> {
 public:
  explicit ConnectionObject(const Napi::CallbackInfo& info);

  Napi::Value open(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);
  void stop(const Napi::CallbackInfo& info);

  Napi::Value properties(const Napi::CallbackInfo& info);
  Napi::Value readClock(const Napi::CallbackInfo& info);
  Napi::Value handles(const Napi::CallbackInfo& info);
  Napi::Value shutdown(const Napi::CallbackInfo& info);

  Napi::Value pcrRead(const Napi::CallbackInfo& info);
  Napi::Value pcrExtend(const Napi::CallbackInfo& info);
  Napi::Value pcrReset(const Napi::CallbackInfo& info);

  Napi::Value readEkCertificate(const Napi::CallbackInfo& info);
  Napi::Value createEk(const Napi::CallbackInfo& info);
  Napi::Value createAk(const Napi::CallbackInfo& info);
  Napi::Value loadAk(const Napi::CallbackInfo& info);
  Napi::Value evict(const Napi::CallbackInfo& info);
  Napi::Value activateCredential(const Napi::CallbackInfo& info);
  Napi::Value quote(const Napi::CallbackInfo& info);
  Napi::Value nvCertify(const Napi::CallbackInfo& info);

  Napi::Value nvCounterDefine(const Napi::CallbackInfo& info);
  Napi::Value nvIncrement(const Napi::CallbackInfo& info);
  Napi::Value nvRead(const Napi::CallbackInfo& info);
  Napi::Value nvUndefine(const Napi::CallbackInfo& info);

 private:
  template <class Run>
  Napi::Value enqueue(const Napi::CallbackInfo& info, Run run);
  template <class Run>
  Napi::Value command(const Napi::CallbackInfo& info, Run run);

  JobQueue queue_;
};

}  // namespace interlock::tpm
