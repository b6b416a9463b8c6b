// SPDX-License-Identifier: Apache-2.0
#include "sqlite/model_drops.hpp"

#include "core/text.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace aether::sqlite {

namespace {

bool sees(const Projection& projection, const DroppedEvent& dropped) {
  const ParkedEvent& event = dropped.event;
  return projection.name == dropped.projection && projection.partition.contains(event.actor_id) &&
         projection.filter.matches({.event_type = event.event_type, .actor_id = event.actor_id});
}

/// Takes the event off what is parked, where it is. `invalid_argument`: it is applied.
Result<void> give_up(const Connection& twin, const KeptProjection& made,
                     const DroppedEvent& dropped) {
  const ParkedEvent& event = dropped.event;
  const ProjectionState& state = made.state;
  if (state.dropped.contains(event.event_id)) return {};
  if (std::ranges::count(state.parked, event.event_id, &ParkedEvent::event_id) > 0) {
    auto unpark = twin.prepare("DELETE FROM aether_parked WHERE projection = ?1 AND event_id = ?2");
    if (!unpark) return std::unexpected(std::move(unpark.error()));
    return unpark->bind_text(1, projection_key(made.projection)).bind_text(2, event.event_id).run();
  }
  if (state.checkpoint.position < event.position) return {};
  return fail(Errc::invalid_argument,
              concat("the event ", quoted(event.event_type), " of ", quoted(event.actor_id),
                     " at position ", event.position,
                     " was dropped while the model was made anew, and is applied there already: "
                     "rebuild again"));
}

Result<void> adopt(const Connection& twin, const std::vector<KeptProjection>& made,
                   const std::vector<DroppedEvent>& dropped) {
  auto insert =
      twin.prepare("INSERT OR IGNORE INTO aether_dropped VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
  if (!insert) return std::unexpected(std::move(insert.error()));
  for (const DroppedEvent& one : dropped) {
    for (const KeptProjection& projection : made) {
      if (!sees(projection.projection, one)) continue;
      if (auto given = give_up(twin, projection, one); !given) return given;
    }
    const ParkedEvent& event = one.event;
    auto kept = insert->bind_text(1, one.projection)
                    .bind_text(2, event.event_id)
                    .bind(3, static_cast<std::int64_t>(event.position))
                    .bind_text(4, event.actor_id)
                    .bind(5, static_cast<std::int64_t>(event.version))
                    .bind_text(6, event.event_type)
                    .bind_text(7, event.error)
                    .bind(8, one.dropped_at.time_since_epoch().count())
                    .run();
    if (!kept) return kept;
  }
  return {};
}

}  // namespace

Result<std::vector<DroppedEvent>> read_dropped(const Connection& connection) {
  auto select = connection.prepare(
      "SELECT name, event_id, position, actor_id, version, event_type, error, dropped_at "
      "FROM aether_dropped");
  if (!select) return std::unexpected(std::move(select.error()));
  std::vector<DroppedEvent> all;
  while (true) {
    const auto row = select->step();
    if (!row) return std::unexpected(row.error());
    if (!*row) return all;
    all.push_back({.projection = std::string(select->text(0)),
                   .event = {.position = select->unsigned_integer(2),
                             .actor_id = std::string(select->text(3)),
                             .version = select->unsigned_integer(4),
                             .event_id = std::string(select->text(1)),
                             .event_type = std::string(select->text(5)),
                             .error = std::string(select->text(6))},
                   .dropped_at = Timestamp(std::chrono::nanoseconds(select->integer(7)))});
  }
}

Result<void> adopt_dropped(const ModelFile& twin, ProjectionRows& rows,
                           const std::vector<DroppedEvent>& dropped) {
  if (dropped.empty()) return {};
  return twin.transact([&]() -> Result<void> {
    const auto made = rows.kept();
    return made ? adopt(twin.connection(), *made, dropped) : std::unexpected(made.error());
  });
}

}  // namespace aether::sqlite
