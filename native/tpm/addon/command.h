#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

#include <napi.h>

#include "addon/convert.h"
#include "addon/job-queue.h"
#include "core/failure.h"

namespace interlock::tpm {

/// A job that settles one promise with what `Run` returns. `Run` takes `std::unique_ptr<Tpm>&` and owns copies of its
/// arguments.
template <class Run>
class Command final : public Job {
 public:
  Command(Napi::Env env, Run run) : deferred_(Napi::Promise::Deferred::New(env)), run_(std::move(run)) {}

  Napi::Promise promise() const { return deferred_.Promise(); }

  void run(std::unique_ptr<Tpm>& tpm) noexcept override {
    try {
      if constexpr (std::is_void_v<Returned>) {
        run_(tpm);
        result_.emplace();
      } else {
        result_.emplace(run_(tpm));
      }
    } catch (const Failure& failure) {
      rc_ = failure.rc();
      message_ = failure.what();
    } catch (const std::exception& error) {
      message_ = error.what();
    }
  }

  void settle(Napi::Env env) override {
    if (result_) {
      deferred_.Resolve(toJs(env, *result_));
    } else {
      reject(env);
    }
  }

  void drop(Napi::Env env) override {
    message_ = "the connection was given up";
    reject(env);
  }

 private:
  using Returned = std::invoke_result_t<Run&, std::unique_ptr<Tpm>&>;
  using Result = std::conditional_t<std::is_void_v<Returned>, std::monostate, Returned>;

  void reject(Napi::Env env) {
    const Napi::Error error = Napi::Error::New(env, message_);
    error.Set("rc", Napi::Number::New(env, rc_));
    deferred_.Reject(error.Value());
  }

  Napi::Promise::Deferred deferred_;
  Run run_;
  std::optional<Result> result_;
  TSS2_RC rc_ = 0;
  std::string message_;
};

}  // namespace interlock::tpm
