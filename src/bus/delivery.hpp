// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/bus/event_bus.hpp"
#include "aether/core/log.hpp"
#include "bus/event_queue.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace aether {

/// What happens behind the match, the same in every bus: the queue of one subscription, its
/// overflow policy, its counters and gaps, and the running of its handler.
///
/// All members may be called from any thread. Held by shared pointers, since publishers may be
/// within it when its subscription ends.
class Delivery : public std::enable_shared_from_this<Delivery> {
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

  /// The handler may be called from now on. `unavailable` where there is no thread for it.
  [[nodiscard]] Result<void> start();

  /// Takes the event, or lets it or another go, as the policy says. False: a publisher is to wait;
  /// then `event` is as it was, and it may call `offer` once others have got theirs.
  [[nodiscard]] bool try_offer(const NamespacePtr& ns, EventPtr&& event);

  /// The same, and waits for room where the policy says so.
  void offer(const NamespacePtr& ns, EventPtr&& event);

  /// Tells of a gap before the event that is offered next.
  void tell(Gap gap);

  /// Takes no more; delivers what is queued, then ends with `why`.
  void end(Error why);

  /// Takes and delivers no more, and waits for a running handler, unless it is called by it.
  void stop();

  [[nodiscard]] Subscription::Status status() const;

 private:
  enum class State { open, ending, ended };
  /// What is to be done once the lock is released.
  struct After {
    bool wake = false;
    bool closed = false;
  };
  class Runner;

  After put(const NamespacePtr& ns, EventPtr&& event);
  After overflow(const NamespacePtr& ns, EventPtr&& event);
  After begin_end(Error why);
  void follow(const After& after);

  bool turn();
  bool take_turn();
  bool deliver();
  bool tell_all(const std::vector<Gap>& gaps);
  void finish(std::optional<Error> error);
  void release();
  [[nodiscard]] bool is_own_turn() const { return turning_.load() == std::this_thread::get_id(); }

  Setup setup_;                // handler and on_gap belong to the turns
  std::vector<Parcel> batch_;  // of the turn
  std::atomic<std::thread::id> turning_{};
  std::atomic<bool> stopping_{false};
  std::atomic<bool> told_closed_{false};
  std::atomic<bool> released_{false};
  std::atomic<std::uint64_t> delivered_{0};  // written by turns only
  std::atomic<Position> position_{0};

  mutable std::mutex mutex_;  // guards all below
  std::condition_variable room_;
  EventQueue queue_;
  State state_ = State::open;
  bool awake_ = false;  // a turn is running or will
  std::size_t waiting_ = 0;
  std::uint64_t received_ = 0;
  std::uint64_t dropped_ = 0;
  std::uint64_t gaps_ = 0;
  std::optional<Error> error_;

  std::shared_ptr<Runner> runner_;
};

/// A handle on a delivery: stops it when destroyed.
[[nodiscard]] Subscription subscription_of(std::shared_ptr<Delivery> delivery);

}  // namespace aether
