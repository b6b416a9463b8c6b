// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/error.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace aether {

class Activity;

struct ExecutorOptions {
  std::size_t threads = 0;  ///< 0: as many as processors, from 2 to 32
  /// With those that stand in for threads that are held up. Each has a stack of its own, some tens
  /// of KiB of memory: enough for a process, few enough to be harmless where a thousand handlers
  /// wait for something that never comes.
  std::size_t max_threads = 1'024;
  std::chrono::milliseconds patience{5};  ///< a turn that sleeps for longer holds up its thread
  std::chrono::milliseconds idle{5'000};  ///< after so long without a turn, a stand-in leaves
};

/// Runs activities on a few threads, in the order in which they woke.
///
/// A turn may block. When something waits while turns hold up the threads, by sleeping for longer
/// than `patience`, or by computing for twenty times as long, others stand in, up to `max_threads`:
/// so that a slow activity harms no other. With nothing to do, nothing runs.
///
/// Each activity keeps its executor. When the last of all these references goes, its threads are
/// joined; but for the one, if any, on which that happens: this one ends by itself, right after.
class Executor {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  /// Starts a first thread for turns and the one that watches over them, the others when needed.
  ///
  /// Errors: `unavailable` when no thread can be had.
  [[nodiscard]] static Result<std::shared_ptr<Executor>> make(const ExecutorOptions& options = {});

  Executor() = default;
  virtual ~Executor() = default;
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  /// How many threads for turns there are now.
  [[nodiscard]] virtual std::size_t threads() const = 0;

 private:
  friend class Activity;
  class Threads;

  virtual void enqueue(std::shared_ptr<Activity> activity) = 0;
  virtual void set_timer(Activity& activity, TimePoint due) = 0;
  virtual void clear_timer(Activity& activity) = 0;
};

/// Work that comes now and then, and is never done by two threads at once.
///
/// Held by a `shared_ptr`, also by whoever calls it. The executor keeps it only while it waits for
/// a turn or has one, so it may go at the end of a turn, on that thread: whoever owns something
/// that must not, stops the activity and takes it away. What one turn wrote, the next one sees.
class Activity : public std::enable_shared_from_this<Activity> {
 public:
  explicit Activity(std::shared_ptr<Executor> executor);
  virtual ~Activity();
  Activity(const Activity&) = delete;
  Activity& operator=(const Activity&) = delete;

  /// A turn begins after this, and sees what was done before it. From any thread, in a turn too.
  ///
  /// Costs one atomic operation when it waits for a turn already, or has one and was woken since.
  void wake() {
    if (state_.fetch_or(kWoken) == kAsleep) executor_->enqueue(shared_from_this());
  }

  /// Wakes it when `delay` is over; the last call counts, those before are forgotten.
  void wake_after(std::chrono::milliseconds delay);

  /// No turn begins any more. Waits for one that runs; not when called within it. Idempotent.
  void stop();

  [[nodiscard]] bool is_stopped() const { return (state_.load() & kStopped) != 0; }

  /// Whether the caller is this activity's turn.
  [[nodiscard]] bool in_turn() const;

 private:
  friend class Executor;

  // Asleep: none of them. A turn that runs is woken when there is to be another.
  static constexpr std::uint32_t kAsleep = 0;
  static constexpr std::uint32_t kWoken = 1;
  static constexpr std::uint32_t kRunning = 2;
  static constexpr std::uint32_t kStopped = 4;
  static constexpr Executor::TimePoint kNever = Executor::TimePoint::max();

  /// Does some of the work, a millisecond's or so. True: there is more, so another turn follows
  /// when those who wait have had theirs. False: it sleeps, unless it was woken meanwhile.
  virtual bool turn() noexcept = 0;

  /// A turn, unless it is stopped. True: another is to follow.
  bool run();

  std::atomic<std::uint32_t> state_{kAsleep};
  std::shared_ptr<Executor> executor_;
  // The executor's mutex guards these.
  std::shared_ptr<Activity> next_;      // in the line
  Executor::TimePoint due_ = kNever;    // when it is to be woken
  Executor::TimePoint timer_ = kNever;  // under which it stands among the timers, `due_` or before
};

}  // namespace aether
