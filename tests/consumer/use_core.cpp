// SPDX-License-Identifier: Apache-2.0
// Appends and replays with aether::aether alone. Exit 0: all is as it should be.
#include "aether/bus/local.hpp"
#include "aether/store/memory.hpp"
#include "aether/store/replay.hpp"

int main() {
  const auto store = aether::make_memory_event_store();
  const auto first = store->append({.event_type = "Counted", .actor_id = "counter-1"});
  const auto taken =
      store->append(aether::Event{.event_type = "Counted", .actor_id = "counter-1", .version = 1});
  const auto count = aether::replay(*store, "counter-1", 0,
                                    [](int so_far, const aether::Event&) { return so_far + 1; });
  const auto bus = aether::make_local_bus();
  const auto published =
      bus->publish(*aether::Namespace::parse("prod"),
                   {.event_type = "Counted", .actor_id = "counter-1", .version = 1});
  const bool is_right = first && first->version == 1 && !taken &&
                        taken.error().code == aether::Errc::version_conflict && count &&
                        count->state == 1 && published;
  return is_right ? 0 : 1;
}
