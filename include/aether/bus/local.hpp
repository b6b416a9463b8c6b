// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/bus/event_bus.hpp"
#include "aether/core/log.hpp"

#include <chrono>
#include <cstddef>
#include <memory>

namespace aether {

struct LocalBusOptions {
  /// How long a publisher that has no room in the queue of a subscription with `Overflow::block`
  /// waits for a handler that returns from no event, before that subscription ends with
  /// `unavailable`. A handler that is slow but gets on is waited for.
  std::chrono::milliseconds block_timeout{10'000};

  /// How many threads there are at most for handlers, with those that stand in for handlers that
  /// block. When as many block at once, others wait.
  std::size_t max_threads = 1'024;

  LogSink log{};  ///< hears of subscriptions that end by themselves
};

/// A bus within this process. Subscriptions may outlive it.
[[nodiscard]] std::unique_ptr<EventBus> make_local_bus(const LocalBusOptions& options = {});

}  // namespace aether
