// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/projection/read_model.hpp"

#include <algorithm>
#include <span>
#include <vector>

namespace aether {

/// What a batch does to the list of parked events, which stays in the order of positions.
inline void update_parked(std::vector<ParkedEvent>& parked, std::span<const Position> unpark,
                          std::span<const ParkedEvent> park) {
  const auto remove = [&](Position position) {
    std::erase_if(parked, [&](const ParkedEvent& one) { return one.position == position; });
  };
  for (const Position position : unpark) remove(position);
  for (const ParkedEvent& one : park) {
    remove(one.position);
    const auto place = std::ranges::upper_bound(parked, one.position, {}, &ParkedEvent::position);
    parked.insert(place, one);
  }
}

}  // namespace aether
