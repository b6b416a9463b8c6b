// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/event.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace aether::bench {

/// The floor: the least that keeps events by actor and gives them back, by reference. One lock, one
/// version check, and none of what makes a store: no limits, no checks of texts, no order over all
/// actors, no subscribers, no retries. What a store costs above it is the price of these.
class FloorStore {
 public:
  bool append(EventPtr event) {
    const std::scoped_lock lock(mutex_);
    auto found = events_.find(std::string_view(event->actor_id));
    if (found == events_.end()) found = events_.try_emplace(event->actor_id).first;
    auto& events = found->second;
    if (!events.empty() && event->version <= events.back()->version) return false;
    events.push_back(std::move(event));
    return true;
  }

  std::vector<EventPtr> read(std::string_view actor_id) {
    const std::scoped_lock lock(mutex_);
    const auto found = events_.find(actor_id);
    return found == events_.end() ? std::vector<EventPtr>{} : found->second;
  }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };

  std::mutex mutex_;
  std::unordered_map<std::string, std::vector<EventPtr>, Hash, std::equal_to<>> events_;
};

}  // namespace aether::bench
