#pragma once

#include <functional>
#include <memory>

#include <napi.h>

#include "core/tpm.h"

namespace interlock::tpm {

/// One call from JavaScript, on its way to the TPM and back.
class Job {
 public:
  virtual ~Job() = default;
  /// On the queue's thread. `tpm` is null until a job opens it. Never throws.
  virtual void run(std::unique_ptr<Tpm>& tpm) noexcept = 0;
  /// On the JavaScript thread, after `run`.
  virtual void settle(Napi::Env env) = 0;
  /// On the JavaScript thread, instead of `run` and `settle`.
  virtual void drop(Napi::Env env) = 0;
};

/// Runs the jobs of one connection one after the other on a thread of its own: a TPM takes one command at a time, and
/// one that never answers must not hold a thread of libuv's pool, nor the end of the process.
class JobQueue {
 public:
  /// `onBusy` and `onIdle` are called on the JavaScript thread when the first job enters and the last one settles.
  JobQueue(Napi::Env env, std::function<void()> onBusy, std::function<void()> onIdle);
  JobQueue(const JobQueue&) = delete;
  JobQueue& operator=(const JobQueue&) = delete;
  ~JobQueue();

  void push(Napi::Env env, std::unique_ptr<Job> job);
  /// Drops what has not begun; the thread ends after the command it is in, and closes the TPM. The event loop no
  /// longer waits for it. Idempotent; `push` afterwards drops the job at once.
  void stop(Napi::Env env);

 private:
  struct Shared;
  static void settle(Napi::Env env, Napi::Function, JobQueue* queue, Job* job);
  static void work(std::shared_ptr<Shared> shared);
  static void detach(void* queue);
  void finished(Napi::Env env);

  using Settler = Napi::TypedThreadSafeFunction<JobQueue, Job, JobQueue::settle>;

  Napi::Env env_;
  std::function<void()> onBusy_;
  std::function<void()> onIdle_;
  std::shared_ptr<Shared> shared_;
  size_t pending_ = 0;
};

}  // namespace interlock::tpm
