// SPDX-License-Identifier: Apache-2.0
#include "projection/start_checks.hpp"

#include "aether/store/audit.hpp"
#include "core/text.hpp"

#include <string_view>

namespace aether {

Result<void> check_options(const ProjectorOptions& options) {
  const auto refuse = [](std::string_view what) {
    return fail(Errc::invalid_argument, concat("a projector's ", what, " must be at least 1"));
  };
  if (options.batch == 0) return refuse("batch");
  if (options.capacity == 0) return refuse("capacity");
  if (options.max_attempts == 0) return refuse("max_attempts");
  if (options.look_interval < std::chrono::milliseconds{1}) return refuse("look_interval");
  if (options.first_retry < std::chrono::milliseconds{1}) return refuse("first_retry");
  if (options.last_retry >= options.first_retry) return {};
  return fail(Errc::invalid_argument, "a projector's last_retry must not be below its first_retry");
}

Result<void> check_history(EventStore& store, const Projection& projection, const Checkpoint& at,
                           const std::function<void(const std::string&)>& warn) {
  auto* retaining = dynamic_cast<Retaining*>(&store);
  const auto retained = retaining != nullptr ? retaining->retained_from() : Result<Position>(0);
  if (!retained) return std::unexpected(retained.error());
  if (*retained > at.position + 1) {
    warn(concat("the store's retention may have removed events up to position ", *retained,
                ": those after position ", at.position, " would be missing from the model"));
  }
  if (at.event_position == 0 || *retained > at.event_position) return {};
  const auto page = store.read_all({}, at.event_position - 1, 1);
  if (!page) return std::unexpected(page.error());
  const bool is_there = !page->events.empty() &&
                        page->events.front()->position == at.event_position &&
                        page->events.front()->id == at.event_id;
  if (is_there) return {};
  return fail(Errc::invalid_argument,
              concat("the projection ", quoted(projection.name), " has handled the event ",
                     quoted(at.event_id), " at position ", at.event_position,
                     ", which this store does not have: it is another store, or a restored "
                     "backup. Rebuild the projection, or give it its own store"));
}

}  // namespace aether
