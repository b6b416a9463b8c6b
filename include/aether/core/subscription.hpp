// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/event.hpp"

#include <functional>
#include <memory>
#include <optional>

namespace aether {

/// Called with each event, one at a time, in order, on a thread of the subscription. An exception
/// out of it ends the subscription, with the exception's text as its error; the event counts as
/// not handled.
using EventHandler = std::move_only_function<void(const EventPtr&)>;

/// A running subscription. Destroying it stops delivery and waits for a running handler.
///
/// Move-only. `status` may be called from any thread. The handler itself may stop or destroy its
/// subscription; then nothing is waited for, and nothing further is delivered. Two handlers that
/// each destroy the other's subscription wait for each other for ever. A subscription that outlives
/// its store ends with `closed`.
class Subscription {
 public:
  struct Status {
    bool active = false;           ///< false once stopped or failed
    Position position = 0;         ///< of the last event handled, or passed over by the filter
    std::optional<Error> error{};  ///< why it ended by itself; while active, what it waits out
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
