// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/subscription.hpp"

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace aether::testing {

/// Keeps what a subscription delivers. Copies share what they keep, so that a handler may outlive
/// the case that made it.
class Collector {
 public:
  /// A handler that keeps each event. It counts a failure when two calls of it overlap.
  [[nodiscard]] EventHandler handler();

  /// Waits until `count` events have come. False: patience ended before.
  [[nodiscard]] bool wait_for(std::size_t count) const;

  [[nodiscard]] std::vector<EventPtr> events() const;
  [[nodiscard]] std::size_t size() const { return events().size(); }

 private:
  struct Kept {
    std::mutex mutex;  // guards all
    std::condition_variable arrived;
    std::vector<EventPtr> events;
    bool busy = false;
  };
  std::shared_ptr<Kept> kept_ = std::make_shared<Kept>();
};

/// Each event as "actor@version", for comparing what came with what should have come.
[[nodiscard]] std::vector<std::string> names_of(const std::vector<EventPtr>& events);

}  // namespace aether::testing
