// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/bus/event_bus.hpp"
#include "aether/core/log.hpp"

#include <chrono>
#include <memory>

namespace aether {

struct LocalBusOptions {
  /// How long a publisher waits for room in the queue of a subscription with `Overflow::block`,
  /// before that subscription ends with `unavailable`.
  std::chrono::milliseconds block_timeout{10'000};

  LogSink log{};  ///< hears of subscriptions that end by themselves
};

/// A bus within this process. Subscriptions may outlive it.
[[nodiscard]] std::unique_ptr<EventBus> make_local_bus(const LocalBusOptions& options = {});

}  // namespace aether
