// SPDX-License-Identifier: Apache-2.0
#include "aether/core/scheduler.hpp"

#include "core/text.hpp"

#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

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

  void end() {
    const std::scoped_lock lock(mutex_);
    ending_ = true;
    dropped_.swap(tasks_);
    arm(BootTime(1));
  }

  /// What `end` has taken away. Without the lock: what goes with a task may post another.
  void destroy_dropped() {
    Line dropped;
    {
      const std::scoped_lock lock(mutex_);
      dropped.swap(dropped_);
    }
  }

  void run() {
    std::unique_lock lock(mutex_);
    while (!ending_) {
      if (!tasks_.empty() && tasks_.begin()->first.first <= boot_time()) {
        run_first(lock);
      } else {
        sleep(lock);
      }
    }
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
  Line dropped_;
  std::uint64_t posted_ = 0;
  BootTime armed_ = kPast;  // when the thread wakes; kPast: it is awake, and looks before it sleeps
  bool ending_ = false;
};

class ThreadScheduler final : public Scheduler {
 public:
  explicit ThreadScheduler(int timer)
      : tasks_(std::make_shared<Tasks>(timer)), thread_([tasks = tasks_] { tasks->run(); }) {}

  ~ThreadScheduler() override {
    tasks_->end();
    if (thread_.get_id() == std::this_thread::get_id()) {
      thread_.detach();
    } else {
      thread_.join();
    }
    tasks_->destroy_dropped();
  }

  [[nodiscard]] BootTime now() const override { return boot_time(); }
  void post(Task task) override { tasks_->add({}, std::move(task)); }
  void post_after(std::chrono::nanoseconds delay, Task task) override {
    tasks_->add(delay, std::move(task));
  }

 private:
  const std::shared_ptr<Tasks> tasks_;
  std::thread thread_;
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
