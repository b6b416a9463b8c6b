// SPDX-License-Identifier: Apache-2.0
#include "aether/core/scheduler.hpp"

#include "core/deadline.hpp"
#include "core/text.hpp"

#include <simdjson.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <ctime>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace aether {

namespace {

constexpr BootTime kNever = BootTime::max();

BootTime boot_time() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

/// What the scheduler and its thread share.
///
/// The thread sleeps in a timer of the kernel's that counts suspended time too, which a condition
/// variable does not: else a task would be late by as long as the machine slept.
class Tasks {
 public:
  explicit Tasks(int timer) : timer_(timer) {}
  ~Tasks() { ::close(timer_); }
  Tasks(const Tasks&) = delete;
  Tasks& operator=(const Tasks&) = delete;

  void add(std::chrono::nanoseconds delay, Scheduler::Task task) {
    const BootTime now = boot_time();
    const BootTime due = delay < kNever - now ? now + std::max(delay, delay.zero()) : kNever;
    const std::scoped_lock lock(mutex_);
    if (ending_) return;
    tasks_.emplace(std::pair(due, ++posted_), std::move(task));
    if (due < armed_) arm(due);
  }

  /// No task begins after this. Waits for the one that runs, unless called by it, and then
  /// destroys the others, without the lock: what goes with a task may post another.
  void end(std::chrono::milliseconds patience = kLongestWait) {
    Line dropped;  // goes after the lock
    std::unique_lock lock(mutex_);
    ending_ = true;
    dropped.swap(tasks_);
    arm(BootTime(1));
    if (thread_ != std::this_thread::get_id()) {
      ended_called_.wait_until(lock, deadline_after(patience), [this] { return ended_; });
    }
  }

  void run() {
    std::unique_lock lock(mutex_);
    thread_ = std::this_thread::get_id();
    while (!ending_) {
      if (!tasks_.empty() && tasks_.begin()->first.first <= boot_time()) {
        run_first(lock);
      } else {
        sleep(lock);
      }
    }
    ended_ = true;
    ended_called_.notify_all();
  }

 private:
  using Line = std::map<std::pair<BootTime, std::uint64_t>, Scheduler::Task>;

  void run_first(std::unique_lock<std::mutex>& lock) noexcept {
    auto first = tasks_.extract(tasks_.begin());
    lock.unlock();
    first.mapped()();
    first = {};  // before the next begins, and without the lock
    lock.lock();
  }

  void sleep(std::unique_lock<std::mutex>& lock) {
    arm(tasks_.empty() ? kNever : tasks_.begin()->first.first);
    lock.unlock();
    std::uint64_t times = 0;
    while (::read(timer_, &times, sizeof times) < 0 && errno == EINTR) {
    }
    lock.lock();
    armed_ = kPast;
  }

  /// The mutex is held. A time that is over already makes the timer fire at once.
  void arm(BootTime due) {
    armed_ = due;
    itimerspec setting{};
    if (due != kNever) {
      setting.it_value.tv_sec = due / std::chrono::seconds(1);
      setting.it_value.tv_nsec = (due % std::chrono::seconds(1)).count();
    }
    ::timerfd_settime(timer_, TFD_TIMER_ABSTIME, &setting, nullptr);
  }

  static constexpr BootTime kPast = BootTime::min();

  const int timer_;
  std::mutex mutex_;  // guards all below; not held while a task runs or is destroyed
  Line tasks_;
  std::uint64_t posted_ = 0;
  BootTime armed_ = kPast;  // when the thread wakes; kPast: it is awake, and looks before it sleeps
  bool ending_ = false;
  bool ended_ = false;
  std::condition_variable ended_called_;
  std::thread::id thread_;
};

/// Those that run when the program ends: they end first, before the statics go that their tasks
/// may use. A task may run on when its owner has gone: to give back a lease, for one.
class Running {
 public:
  static void add(const std::shared_ptr<Tasks>& tasks) {
    // What is static goes in the reverse order of its making. Most tasks read JSON, whose reader
    // makes its own when it is first asked: now, so that it goes later than this.
    static_cast<void>(simdjson::get_active_implementation()->name());
    static auto* const all = new Running;  // NOLINT(cppcoreguidelines-owning-memory): needed last
    static const struct AtExit {
      AtExit() = default;
      ~AtExit() { all->end(); }
      AtExit(const AtExit&) = delete;
      AtExit& operator=(const AtExit&) = delete;
    } at_exit;
    const std::scoped_lock lock(all->mutex_);
    std::erase_if(all->tasks_, [](const auto& one) { return one.expired(); });
    all->tasks_.push_back(tasks);
  }

 private:
  void end() {
    std::vector<std::weak_ptr<Tasks>> tasks;
    {
      const std::scoped_lock lock(mutex_);
      tasks.swap(tasks_);
    }
    for (const auto& one : tasks) {
      if (const auto alive = one.lock()) alive->end(kExitPatience);
    }
  }

  static constexpr std::chrono::seconds kExitPatience{2};  // a task that blocks is left behind

  std::mutex mutex_;  // guards tasks_
  std::vector<std::weak_ptr<Tasks>> tasks_;
};

class ThreadScheduler final : public Scheduler {
 public:
  explicit ThreadScheduler(int timer) : tasks_(std::make_shared<Tasks>(timer)) {
    Running::add(tasks_);
    // Detached: it may be the one that destroys this. `end` waits for it.
    std::thread([tasks = tasks_] { tasks->run(); }).detach();
  }
  ~ThreadScheduler() override { tasks_->end(); }
  ThreadScheduler(const ThreadScheduler&) = delete;
  ThreadScheduler& operator=(const ThreadScheduler&) = delete;

  [[nodiscard]] BootTime now() const override { return boot_time(); }
  void post(Task task) override { post_after({}, std::move(task)); }
  void post_after(std::chrono::nanoseconds delay, Task task) override {
    const auto tasks = tasks_;  // the task may be done, and this gone, before `add` is through
    tasks->add(delay, std::move(task));
  }

 private:
  const std::shared_ptr<Tasks> tasks_;
};

}  // namespace

Result<std::shared_ptr<Scheduler>> make_scheduler() {
  const int timer = ::timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC);
  if (timer < 0) {
    return fail(Errc::unavailable, concat("a scheduler needs a timer, and the system gives none: ",
                                          std::generic_category().message(errno)));
  }
  try {
    return std::make_shared<ThreadScheduler>(timer);
  } catch (const std::system_error& error) {
    return fail(Errc::unavailable, concat("a scheduler needs a thread, and the system gives none: ",
                                          error.code().message()));
  }
}

}  // namespace aether
