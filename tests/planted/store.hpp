// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/time.hpp"
#include "aether/store/event_store.hpp"
#include "planted/bugs.hpp"

#include <memory>
#include <mutex>
#include <vector>

namespace aether::planted {

/// What a store keeps when it is closed.
struct Disk {
  std::mutex mutex;  // guards events
  std::vector<EventPtr> events;
};

/// A plain store with `bug` in it. With "none" it is right, if slow: one lock for everything.
[[nodiscard]] std::unique_ptr<EventStore> make_store(Bug bug, std::shared_ptr<Disk> disk,
                                                     const Clock& clock);

}  // namespace aether::planted
