#include "addon/convert.h"

namespace interlock::tpm {

namespace {

constexpr const char* eccP256 = "ecc_p256";
constexpr const char* rsa2048 = "rsa_2048";

}  // namespace

Napi::Value toJs(Napi::Env env, std::monostate) { return env.Undefined(); }

Napi::Value toJs(Napi::Env env, bool value) { return Napi::Boolean::New(env, value); }

Napi::Value toJs(Napi::Env env, uint64_t value) { return Napi::BigInt::New(env, value); }

Napi::Value toJs(Napi::Env env, const std::string& value) { return Napi::String::New(env, value); }

Napi::Value toJs(Napi::Env env, const Bytes& bytes) {
  return Napi::Buffer<uint8_t>::Copy(env, bytes.data(), bytes.size());
}

Napi::Value toJs(Napi::Env env, const std::vector<uint32_t>& numbers) {
  Napi::Array array = Napi::Array::New(env, numbers.size());
  for (uint32_t i = 0; i < numbers.size(); i += 1) array.Set(i, Napi::Number::New(env, numbers[i]));
  return array;
}

Napi::Value toJs(Napi::Env env, const Properties& properties) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("family", toJs(env, properties.family));
  object.Set("specLevel", Napi::Number::New(env, properties.specLevel));
  object.Set("specRevision", Napi::Number::New(env, properties.specRevision));
  object.Set("manufacturer", toJs(env, properties.manufacturer));
  object.Set("vendorString", toJs(env, properties.vendorString));
  object.Set("firmwareVersion1", Napi::Number::New(env, properties.firmwareVersion1));
  object.Set("firmwareVersion2", Napi::Number::New(env, properties.firmwareVersion2));
  return object;
}

Napi::Value toJs(Napi::Env env, const Clock& clock) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("clock", Napi::Number::New(env, static_cast<double>(clock.clock)));
  object.Set("resetCount", Napi::Number::New(env, clock.resetCount));
  object.Set("restartCount", Napi::Number::New(env, clock.restartCount));
  object.Set("safe", toJs(env, clock.safe));
  return object;
}

Napi::Value toJs(Napi::Env env, const Handles& handles) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("transient", toJs(env, handles.transient));
  object.Set("loadedSessions", toJs(env, handles.loadedSessions));
  object.Set("persistent", toJs(env, handles.persistent));
  return object;
}

Napi::Value toJs(Napi::Env env, const PcrValues& pcrs) {
  Napi::Array values = Napi::Array::New(env, pcrs.values.size());
  for (uint32_t i = 0; i < pcrs.values.size(); i += 1) {
    Napi::Object value = Napi::Object::New(env);
    value.Set("index", Napi::Number::New(env, pcrs.values[i].index));
    value.Set("digest", toJs(env, pcrs.values[i].digest));
    values.Set(i, value);
  }
  Napi::Object object = Napi::Object::New(env);
  object.Set("updateCounter", Napi::Number::New(env, pcrs.updateCounter));
  object.Set("values", values);
  return object;
}

Napi::Value toJs(Napi::Env env, const Key& key) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("handle", Napi::Number::New(env, key.handle));
  object.Set("public", toJs(env, key.publicArea));
  object.Set("name", toJs(env, key.name));
  return object;
}

Napi::Value toJs(Napi::Env env, const EndorsementKey& ek) {
  Napi::Value object = toJs(env, ek.key);
  object.As<Napi::Object>().Set("type", Napi::String::New(env, ek.type == EkType::EccP256 ? eccP256 : rsa2048));
  return object;
}

Napi::Value toJs(Napi::Env env, const Attested& attested) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("attest", toJs(env, attested.attest));
  object.Set("signature", toJs(env, attested.signature));
  return object;
}

uint32_t word(const Napi::Value& value) { return value.As<Napi::Number>().Uint32Value(); }

Bytes bytes(const Napi::Value& value) {
  const auto array = value.As<Napi::Uint8Array>();
  return Bytes(array.Data(), array.Data() + array.ByteLength());
}

std::vector<uint32_t> words(const Napi::Value& value) {
  const auto array = value.As<Napi::Array>();
  std::vector<uint32_t> numbers;
  for (uint32_t i = 0; i < array.Length(); i += 1) numbers.push_back(word(array.Get(i)));
  return numbers;
}

std::optional<EkType> ekType(const Napi::Value& value) {
  if (!value.IsString()) return std::nullopt;
  return value.As<Napi::String>().Utf8Value() == rsa2048 ? EkType::Rsa2048 : EkType::EccP256;
}

}  // namespace interlock::tpm
