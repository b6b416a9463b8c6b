// SPDX-License-Identifier: Apache-2.0
#include "aether/core/filter.hpp"

#include "aether/core/names.hpp"

#include <algorithm>

namespace aether {

bool Filter::matches(const Event& event) const {
  if (!actor_id.empty() && event.actor_id != actor_id) return false;
  if (!category.empty() && category_of(event.actor_id) != category) return false;
  return event_types.empty() ||
         std::ranges::find(event_types, event.event_type) != event_types.end();
}

}  // namespace aether
