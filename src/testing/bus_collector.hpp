// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/bus/event_bus.hpp"

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace aether::testing {

/// Keeps what a bus delivers, and the gaps that it tells. Copies share what they keep, so that a
/// handler may outlive the case that made it.
class BusCollector {
 public:
  struct Seen {
    EventPtr event;  ///< null: a gap
    std::string ns;
    Gap gap;
  };

  /// A handler that keeps each event. It counts a failure when two calls overlap, of it or of what
  /// is told of gaps.
  [[nodiscard]] BusHandler handler();
  [[nodiscard]] std::move_only_function<void(const Gap&)> on_gap();

  /// Waits until `count` events have come. False: patience ended before.
  [[nodiscard]] bool wait_for(std::size_t count) const;

  /// All that came, in order: "order-1@3", and of a gap "overflow 5".
  [[nodiscard]] std::vector<std::string> names() const;
  /// The events alone, each as "prod.eu order-1@3".
  [[nodiscard]] std::vector<std::string> names_with_namespaces() const;
  [[nodiscard]] std::vector<Seen> seen() const;
  [[nodiscard]] std::size_t size() const;  ///< events, without gaps

 private:
  struct Kept {
    void add(Seen one);

    std::mutex mutex;  // guards all
    std::condition_variable arrived;
    std::vector<Seen> seen;
    std::size_t events = 0;
    bool busy = false;
  };
  std::shared_ptr<Kept> kept_ = std::make_shared<Kept>();
};

}  // namespace aether::testing
