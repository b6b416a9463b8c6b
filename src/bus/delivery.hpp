// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/bus/event_bus.hpp"
#include "aether/core/log.hpp"
#include "bus/bundle.hpp"
#include "bus/event_queue.hpp"
#include "core/executor.hpp"
#include "core/spin_lock.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace aether {

/// What happens behind the match, the same in every bus: the queue of one subscription, its
/// overflow policy, its counters and gaps, and the running of its handler.
///
/// All members may be called from any thread. Publishers may be within it, or remember it, when its
/// subscription has ended: by then it has let go of the handler and of the executor.
class Delivery : public std::enable_shared_from_this<Delivery> {
  enum class State { open, ending, ended };

 public:
  struct Setup {
    std::string name;  ///< for messages: "the subscription to prod.>"
    SubscribeOptions options;
    BusHandler handler;
    std::chrono::milliseconds block_timeout{10'000};
    LogSink log{};
    /// Called once, on any thread, when it takes no more events: by its end, or by `stop`. No lock
    /// is held.
    std::function<void(Delivery&)> closed{};
  };

  explicit Delivery(Setup setup);
  ~Delivery();
  Delivery(const Delivery&) = delete;
  Delivery& operator=(const Delivery&) = delete;

  /// The handler may be called from now on, until it ends or is stopped: one of them must come.
  void start(std::shared_ptr<Executor> executor);

  /// Takes the event, or lets it or another go, as the policy says. False: a publisher is to wait;
  /// it may call `offer` once others have got theirs.
  [[nodiscard]] bool try_offer(const Packed& packed) {
    {
      const std::scoped_lock lock(mutex_);
      if (awake_ && state_ == State::open && !queue_.is_full()) {  // nearly always
        ++received_;
        queue_.push(packed.bundle, packed.index);
        return true;
      }
    }
    return try_offer_slowly(packed);
  }

  /// The same, and waits for room where the policy says so.
  void offer(const Packed& packed);
  void offer(NamespacePtr ns, EventPtr event);

  /// Tells of a gap before the event that is offered next.
  void tell(Gap gap);

  /// Takes no more; delivers what is queued, then ends with `why`.
  void end(Error why);

  /// Takes and delivers no more, and waits for a running handler, unless it is called by it.
  void stop();

  [[nodiscard]] Subscription::Status status() const;

 private:
  class Runner;
  /// What is to be done once the lock is released.
  struct After {
    std::shared_ptr<Runner> wake{};
    bool room = false;  // tell those who wait for it
    bool closed = false;
  };

  [[nodiscard]] bool try_offer_slowly(const Packed& packed);
  After put(const Packed& packed);
  After overflow(const Packed& packed);
  After begin_end(Error why);
  void follow(const After& after);
  [[nodiscard]] std::shared_ptr<Runner> who_sleeps();
  [[nodiscard]] bool waits_for_others() const;

  bool turn();
  bool deliver();
  void handle_batch(const StoredEvent*& current);
  bool tell_all(const std::vector<Gap>& gaps);
  void finish(std::optional<Error> error);
  void give_up();
  void release();

  Setup setup_;                 // handler and on_gap belong to the turns
  std::vector<Stretch> batch_;  // of the turn
  bool is_streaming_ = false;   // turns only: the last one found events
  std::atomic<bool> stopping_{false};
  std::atomic<bool> told_closed_{false};

  // Publishers and the handler's thread write to different lines of the cache.
  alignas(64) std::atomic<std::uint64_t> delivered_{0};  // written by turns only
  std::atomic<Position> position_{0};

  alignas(64) mutable SpinLock mutex_;  // guards all below
  bool awake_ = false;                  // a turn is running or will
  State state_ = State::open;
  std::uint64_t received_ = 0;
  EventQueue queue_;
  std::size_t waiting_ = 0;
  std::uint64_t dropped_ = 0;
  std::uint64_t gaps_ = 0;
  std::optional<Error> error_;
  std::shared_ptr<Runner> runner_;  // null once it has ended
  std::condition_variable_any room_;
};

/// A handle on a delivery: stops it when destroyed.
[[nodiscard]] Subscription subscription_of(std::shared_ptr<Delivery> delivery);

}  // namespace aether
