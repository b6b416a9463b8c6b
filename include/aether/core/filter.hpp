// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/event.hpp"

#include <string>
#include <vector>

namespace aether {

/// Which events to see. What is set must match, all of it; the empty filter lets all through.
struct Filter {
  std::string actor_id{};                  ///< exactly this actor
  std::string category{};                  ///< `category_of(actor_id)` is exactly this
  std::vector<std::string> event_types{};  ///< any of these

  [[nodiscard]] bool matches(const Event& event) const;

  friend bool operator==(const Filter&, const Filter&) = default;
};

}  // namespace aether
