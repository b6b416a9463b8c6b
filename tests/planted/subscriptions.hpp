// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/subscription.hpp"
#include "planted/bugs.hpp"

#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace aether::planted {

/// Subscriptions that should have ended, and threads that end some: they go with the store.
struct Leftovers {
  std::mutex mutex;  // guards all
  std::vector<Subscription> running;
  std::vector<std::jthread> ending;
};

/// The handler, with the bug that concerns it.
[[nodiscard]] EventHandler spoil(Bug bug, EventHandler handler);

/// The subscription, with the bug that concerns its end.
[[nodiscard]] Subscription spoil(Bug bug, Subscription subscription,
                                 std::shared_ptr<Leftovers> leftovers);

}  // namespace aether::planted
