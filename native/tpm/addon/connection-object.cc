#include "addon/connection-object.h"

#include "addon/command.h"

namespace interlock::tpm {

ConnectionObject::ConnectionObject(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<ConnectionObject>(info),
      // A connection with commands under way is kept from the garbage collector.
      queue_(info.Env(), [this] { Ref(); }, [this] { Unref(); }) {}

template <class Run>
Napi::Value ConnectionObject::enqueue(const Napi::CallbackInfo& info, Run run) {
  auto job = std::make_unique<Command<Run>>(info.Env(), std::move(run));
  const Napi::Promise promise = job->promise();
  queue_.push(info.Env(), std::move(job));
  return promise;
}

template <class Run>
Napi::Value ConnectionObject::command(const Napi::CallbackInfo& info, Run run) {
  return enqueue(info, [run = std::move(run)](std::unique_ptr<Tpm>& tpm) {
    if (!tpm) throw Failure("the connection is not open");
    return run(*tpm);
  });
}

Napi::Value ConnectionObject::open(const Napi::CallbackInfo& info) {
  return enqueue(info, [tcti = info[0].As<Napi::String>().Utf8Value()](std::unique_ptr<Tpm>& tpm) {
    tpm = std::make_unique<Tpm>(tcti);
  });
}

Napi::Value ConnectionObject::close(const Napi::CallbackInfo& info) {
  return enqueue(info, [](std::unique_ptr<Tpm>& tpm) { tpm.reset(); });
}

void ConnectionObject::stop(const Napi::CallbackInfo& info) { queue_.stop(info.Env()); }

Napi::Value ConnectionObject::properties(const Napi::CallbackInfo& info) {
  return command(info, [](Tpm& tpm) { return tpm.properties(); });
}

Napi::Value ConnectionObject::readClock(const Napi::CallbackInfo& info) {
  return command(info, [](Tpm& tpm) { return tpm.readClock(); });
}

Napi::Value ConnectionObject::handles(const Napi::CallbackInfo& info) {
  return command(info, [](Tpm& tpm) { return tpm.handles(); });
}

Napi::Value ConnectionObject::shutdown(const Napi::CallbackInfo& info) {
  return command(info, [](Tpm& tpm) { tpm.shutdown(); });
}

Napi::Value ConnectionObject::pcrRead(const Napi::CallbackInfo& info) {
  return command(info, [bank = static_cast<TPMI_ALG_HASH>(word(info[0])), indices = words(info[1])](Tpm& tpm) {
    return tpm.pcrRead(bank, indices);
  });
}

Napi::Value ConnectionObject::pcrExtend(const Napi::CallbackInfo& info) {
  return command(info, [index = word(info[0]), bank = static_cast<TPMI_ALG_HASH>(word(info[1])),
                        digest = bytes(info[2])](Tpm& tpm) { tpm.pcrExtend(index, bank, digest); });
}

Napi::Value ConnectionObject::pcrReset(const Napi::CallbackInfo& info) {
  return command(info, [index = word(info[0])](Tpm& tpm) { tpm.pcrReset(index); });
}

Napi::Value ConnectionObject::readEkCertificate(const Napi::CallbackInfo& info) {
  return command(info, [type = ekType(info[0])](Tpm& tpm) { return tpm.readEkCertificate(type); });
}

Napi::Value ConnectionObject::createEk(const Napi::CallbackInfo& info) {
  return command(info, [type = ekType(info[0])](Tpm& tpm) { return tpm.createEk(type); });
}

Napi::Value ConnectionObject::createAk(const Napi::CallbackInfo& info) {
  return command(info, [handle = word(info[0])](Tpm& tpm) { return tpm.createAk(handle); });
}

Napi::Value ConnectionObject::loadAk(const Napi::CallbackInfo& info) {
  return command(info, [handle = word(info[0])](Tpm& tpm) { return tpm.loadAk(handle); });
}

Napi::Value ConnectionObject::evict(const Napi::CallbackInfo& info) {
  return command(info, [handle = word(info[0])](Tpm& tpm) { tpm.evict(handle); });
}

Napi::Value ConnectionObject::activateCredential(const Napi::CallbackInfo& info) {
  return command(info, [ak = word(info[0]), ek = word(info[1]), blob = bytes(info[2]),
                        secret = bytes(info[3])](Tpm& tpm) { return tpm.activateCredential(ak, ek, blob, secret); });
}

Napi::Value ConnectionObject::quote(const Napi::CallbackInfo& info) {
  return command(info, [ak = word(info[0]), nonce = bytes(info[1]), bank = static_cast<TPMI_ALG_HASH>(word(info[2])),
                        indices = words(info[3])](Tpm& tpm) { return tpm.quote(ak, nonce, bank, indices); });
}

Napi::Value ConnectionObject::nvCounterDefine(const Napi::CallbackInfo& info) {
  return command(info, [index = word(info[0])](Tpm& tpm) { return tpm.nvCounterDefine(index); });
}

Napi::Value ConnectionObject::nvIncrement(const Napi::CallbackInfo& info) {
  return command(info, [index = word(info[0])](Tpm& tpm) { return tpm.nvIncrement(index); });
}

Napi::Value ConnectionObject::nvRead(const Napi::CallbackInfo& info) {
  return command(info, [index = word(info[0])](Tpm& tpm) { return tpm.nvRead(index); });
}

Napi::Value ConnectionObject::nvCertify(const Napi::CallbackInfo& info) {
  return command(info, [ak = word(info[0]), index = word(info[1]), nonce = bytes(info[2])](Tpm& tpm) {
    return tpm.nvCertify(ak, index, nonce);
  });
}

Napi::Value ConnectionObject::nvUndefine(const Napi::CallbackInfo& info) {
  return command(info, [index = word(info[0])](Tpm& tpm) { tpm.nvUndefine(index); });
}

}  // namespace interlock::tpm
