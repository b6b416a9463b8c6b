// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/event.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

namespace aether {

/// Called with each event, one at a time, in order, not always on the same thread. It may take its
/// time: threads are added for those that do, up to 1,024 a store. An exception out of it ends the
/// subscription, with the exception's text as its error; the event counts as not handled.
using EventHandler = std::move_only_function<void(const EventPtr&)>;

/// A running subscription. Destroying it stops delivery and waits for a running handler.
///
/// Move-only. `status` may be called from any thread. The handler itself may stop or destroy its
/// subscription; then nothing is waited for, and nothing further is delivered. Two handlers that
/// each destroy the other's subscription wait for each other for ever. A subscription that outlives
/// its store ends with `closed`.
class Subscription {
 public:
  /// How many events there were, since the subscription began.
  struct Counters {
    std::uint64_t received = 0;   ///< came to it: handled, dropped, or waiting still
    std::uint64_t delivered = 0;  ///< its handler has returned from them
    std::uint64_t dropped = 0;    ///< let go, because too many waited; a store drops none
    std::uint64_t gaps = 0;       ///< times that it was told of a gap; a store has none

    friend bool operator==(const Counters&, const Counters&) = default;
  };

  struct Status {
    bool active = false;           ///< false once stopped or failed
    Position position = 0;         ///< of the last event handled, or passed over by the filter
    std::optional<Error> error{};  ///< why it ended by itself; while active, what it waits out
    Counters counters{};
  };

  /// What a store or bus supplies. Its destructor must do what `stop` does.
  class Impl {
   public:
    virtual ~Impl() = default;
    virtual void stop() = 0;  ///< idempotent; returns when no handler is running any more
    [[nodiscard]] virtual Status status() const = 0;
  };

  Subscription() = default;
  explicit Subscription(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

  /// Stops delivery and waits for a running handler. Idempotent.
  void stop() {
    if (impl_) impl_->stop();
  }

  [[nodiscard]] Status status() const { return impl_ ? impl_->status() : Status{}; }

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace aether
