#include "addon/job-queue.h"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace interlock::tpm {

namespace {

// At the end of a process or worker thread a command gets this long to return, so that its handles are flushed.
constexpr auto patience = std::chrono::seconds(1);

}  // namespace

struct JobQueue::Shared {
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::unique_ptr<Job>> jobs;
  Settler settler;
  bool stopping = false;
  bool environmentGone = false;  // `settler` must not be touched any more
  bool ended = false;
};

JobQueue::JobQueue(Napi::Env env, std::function<void()> onBusy, std::function<void()> onIdle)
    : env_(env), onBusy_(std::move(onBusy)), onIdle_(std::move(onIdle)), shared_(std::make_shared<Shared>()) {
  shared_->settler = Settler::New(env, "interlock-tpm", 0, 1, this);
  shared_->settler.Unref(env);
  // Hooks run in reverse order, so this one comes before the thread-safe function's own.
  napi_add_env_cleanup_hook(env, detach, this);
  std::thread(work, shared_).detach();
}

JobQueue::~JobQueue() {
  napi_remove_env_cleanup_hook(env_, detach, this);
  const std::lock_guard lock(shared_->mutex);
  shared_->stopping = true;
  shared_->changed.notify_all();
}

void JobQueue::push(Napi::Env env, std::unique_ptr<Job> job) {
  std::unique_lock lock(shared_->mutex);
  if (shared_->stopping) {
    lock.unlock();
    job->drop(env);
    return;
  }
  if (pending_ == 0) {
    shared_->settler.Ref(env);
    onBusy_();
  }
  pending_ += 1;
  shared_->jobs.push_back(std::move(job));
  shared_->changed.notify_all();
}

void JobQueue::stop(Napi::Env env) {
  std::deque<std::unique_ptr<Job>> dropped;
  {
    const std::lock_guard lock(shared_->mutex);
    if (shared_->stopping) return;
    shared_->stopping = true;
    dropped.swap(shared_->jobs);
    if (pending_ > 0) shared_->settler.Unref(env);
    shared_->changed.notify_all();
  }
  for (const auto& job : dropped) {
    job->drop(env);
    finished(env);
  }
}

void JobQueue::finished(Napi::Env env) {
  pending_ -= 1;
  if (pending_ > 0) return;
  {
    const std::lock_guard lock(shared_->mutex);
    if (!shared_->stopping) shared_->settler.Unref(env);
  }
  onIdle_();
}

void JobQueue::settle(Napi::Env env, Napi::Function, JobQueue* queue, Job* job) {
  const std::unique_ptr<Job> owned(job);
  if (static_cast<napi_env>(env) == nullptr) return;
  try {
    owned->settle(env);
    queue->finished(env);
  } catch (const Napi::Error&) {
    // A worker thread that is being terminated takes no values any more.
  }
}

void JobQueue::work(std::shared_ptr<Shared> shared) {
  std::unique_ptr<Tpm> tpm;
  std::unique_lock lock(shared->mutex);
  while (true) {
    shared->changed.wait(lock, [&] { return shared->stopping || !shared->jobs.empty(); });
    if (shared->stopping) break;
    std::unique_ptr<Job> job = std::move(shared->jobs.front());
    shared->jobs.pop_front();
    lock.unlock();
    job->run(tpm);
    lock.lock();
    if (shared->environmentGone) break;
    if (shared->settler.NonBlockingCall(job.get()) == napi_ok) job.release();
  }
  lock.unlock();
  tpm.reset();
  lock.lock();
  if (!shared->environmentGone) shared->settler.Release();
  shared->ended = true;
  shared->changed.notify_all();
}

void JobQueue::detach(void* queue) {
  const std::shared_ptr<Shared> shared = static_cast<JobQueue*>(queue)->shared_;
  std::unique_lock lock(shared->mutex);
  shared->stopping = true;
  shared->changed.notify_all();
  shared->changed.wait_for(lock, patience, [&] { return shared->ended; });
  shared->environmentGone = true;
}

}  // namespace interlock::tpm
