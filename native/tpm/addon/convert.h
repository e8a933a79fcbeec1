#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <napi.h>

#include "core/tpm.h"

namespace interlock::tpm {

Napi::Value toJs(Napi::Env env, std::monostate);
Napi::Value toJs(Napi::Env env, bool value);
Napi::Value toJs(Napi::Env env, uint64_t value);
Napi::Value toJs(Napi::Env env, const std::string& value);
Napi::Value toJs(Napi::Env env, const Bytes& bytes);
Napi::Value toJs(Napi::Env env, const std::vector<uint32_t>& numbers);
Napi::Value toJs(Napi::Env env, const Properties& properties);
Napi::Value toJs(Napi::Env env, const Clock& clock);
Napi::Value toJs(Napi::Env env, const Handles& handles);
Napi::Value toJs(Napi::Env env, const PcrValues& pcrs);
Napi::Value toJs(Napi::Env env, const Key& key);
Napi::Value toJs(Napi::Env env, const EndorsementKey& ek);
Napi::Value toJs(Napi::Env env, const Attested& attested);

template <class T>
Napi::Value toJs(Napi::Env env, const std::optional<T>& value) {
  return value ? toJs(env, *value) : env.Null();
}

/// Arguments, already validated by the TypeScript face: each is copied, since the caller keeps its memory.
uint32_t word(const Napi::Value& value);
Bytes bytes(const Napi::Value& value);
std::vector<uint32_t> words(const Napi::Value& value);
std::optional<EkType> ekType(const Napi::Value& value);

}  // namespace interlock::tpm
