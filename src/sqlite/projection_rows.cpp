// SPDX-License-Identifier: Apache-2.0
#include "sqlite/projection_rows.hpp"

#include "core/text.hpp"
#include "sqlite/model_schema.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace aether::sqlite {

namespace {

std::int64_t nanoseconds(Timestamp time) { return time.time_since_epoch().count(); }

bool contains(std::span<const EventPtr> events, Position position) {
  return std::ranges::any_of(events,
                             [&](const EventPtr& one) { return one->position == position; });
}

std::int64_t stored(Position position) { return static_cast<std::int64_t>(position); }

}  // namespace

Result<ProjectionRows> ProjectionRows::open(const Connection& connection) {
  ProjectionRows rows;
  const std::string select_parked = concat("SELECT ", kParkedColumns,
                                           " FROM aether_parked WHERE projection = ?1 "
                                           "ORDER BY position");
  const std::array<std::pair<Statement*, std::string_view>, 16> statements{{
      {&rows.insert_,
       "INSERT INTO aether_projections VALUES (?1, ?2, ?3, ?4, ?5, 0, 0, '', 1, ?6)"},
      {&rows.others_, "SELECT partitions, filter FROM aether_projections WHERE name = ?1"},
      {&rows.load_,
       "SELECT position, event_position, event_id, revision FROM aether_projections "
       "WHERE key = ?1"},
      {&rows.parked_, select_parked},
      {&rows.revision_, "SELECT revision FROM aether_projections WHERE key = ?1"},
      {&rows.update_,
       "UPDATE aether_projections SET position = ?2, event_position = ?3, event_id = ?4, "
       "revision = revision + 1, updated_at = ?5 WHERE key = ?1"},
      {&rows.park_,
       "INSERT INTO aether_parked (projection, position, actor_id, version, event_id, "
       "event_type, error, attempts, parked_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) "
       "ON CONFLICT DO UPDATE SET error = excluded.error, attempts = excluded.attempts, "
       "parked_at = excluded.parked_at"},
      {&rows.unpark_, "DELETE FROM aether_parked WHERE projection = ?1 AND position = ?2"},
      {&rows.drop_,
       "INSERT OR REPLACE INTO aether_dropped SELECT ?3, event_id, position, actor_id, version, "
       "event_type, error, ?4 FROM aether_parked WHERE projection = ?1 AND position = ?2"},
      {&rows.dropped_ids_, "SELECT event_id FROM aether_dropped WHERE name = ?1"},
      {&rows.rebuild_, "SELECT rebuild FROM aether_model"},
      {&rows.requests_,
       "SELECT request, actor_id, position FROM aether_parked WHERE projection = ?1 "
       "AND request IS NOT NULL ORDER BY position"},
      {&rows.unask_,
       "UPDATE aether_parked SET request = NULL WHERE projection = ?1 AND actor_id = ?2 "
       "AND request = 'retry'"},
      {&rows.failed_,
       "UPDATE aether_model SET rebuild_error = ?1, rebuild_tries = rebuild_tries + 1, "
       "rebuild = iif(rebuild_tries + 1 < ?2, rebuild, 0)"},
      {&rows.kept_,
       "SELECT key, name, partition, partitions, filter, position, event_position, event_id, "
       "revision FROM aether_projections ORDER BY key"},
      {&rows.set_revisions_, "UPDATE aether_projections SET revision = ?1"},
  }};
  for (const auto& [statement, sql] : statements) {
    auto prepared = connection.prepare(sql);
    if (!prepared) return std::unexpected(std::move(prepared.error()));
    *statement = std::move(*prepared);
  }
  return rows;
}

Result<ProjectionState> ProjectionRows::load(const Projection& projection, Timestamp now) {
  const std::string key = projection_key(projection);
  const std::string filter = format_filter(projection.filter);
  if (auto ok = check_others(projection, filter); !ok)
    return std::unexpected(std::move(ok.error()));
  const auto there = revision(key);
  if (!there) return std::unexpected(there.error());
  if (!*there) {
    auto made = insert_.bind_text(1, key)
                    .bind_text(2, projection.name)
                    .bind(3, projection.partition.index)
                    .bind(4, projection.partition.count)
                    .bind_text(5, filter)
                    .bind(6, nanoseconds(now))
                    .run();
    if (!made) return std::unexpected(std::move(made.error()));
  }
  auto kept = parked(key);
  if (!kept) return std::unexpected(std::move(kept.error()));
  auto given_up = dropped(projection.name);
  if (!given_up) return std::unexpected(std::move(given_up.error()));
  const ResetGuard reset(load_);
  const auto row = load_.bind_text(1, key).step();
  if (!row) return std::unexpected(row.error());
  if (!*row) return fail(Errc::corrupt, concat("the projection ", quoted(key), " has no row"));
  return ProjectionState{.checkpoint = {.position = load_.unsigned_integer(0),
                                        .event_position = load_.unsigned_integer(1),
                                        .event_id = std::string(load_.text(2))},
                         .parked = std::move(*kept),
                         .revision = load_.unsigned_integer(3),
                         .dropped = std::move(*given_up)};
}

/// All partitions of a projection see the same events, and are as many.
Result<void> ProjectionRows::check_others(const Projection& projection, const std::string& filter) {
  const ResetGuard reset(others_);
  others_.bind_text(1, projection.name);
  while (true) {
    const auto row = others_.step();
    if (!row) return std::unexpected(row.error());
    if (!*row) return {};
    const std::int64_t partitions = others_.integer(0);
    if (partitions != projection.partition.count) {
      return fail(Errc::invalid_argument,
                  concat("the projection ", quoted(projection.name), " is kept in ", partitions,
                         " partitions, and not in ", projection.partition.count,
                         ": rebuild the read model, or choose another name"));
    }
    if (others_.text(1) != filter) {
      return fail(Errc::invalid_argument,
                  concat("the projection ", quoted(projection.name), " is kept with the filter ",
                         quoted(others_.text(1)), ", and not ", quoted(filter),
                         ": rebuild the read model, or choose another name"));
    }
  }
}

Result<std::vector<ParkedEvent>> ProjectionRows::parked(const std::string& key) {
  const ResetGuard reset(parked_);
  parked_.bind_text(1, key);
  std::vector<ParkedEvent> events;
  while (true) {
    const auto row = parked_.step();
    if (!row) return std::unexpected(row.error());
    if (!*row) return events;
    events.push_back(read_parked_row(parked_));
  }
}

Result<std::set<std::string, std::less<>>> ProjectionRows::dropped(const std::string& name) {
  const ResetGuard reset(dropped_ids_);
  dropped_ids_.bind_text(1, name);
  std::set<std::string, std::less<>> ids;
  while (true) {
    const auto row = dropped_ids_.step();
    if (!row) return std::unexpected(row.error());
    if (!*row) return ids;
    ids.emplace(dropped_ids_.text(0));
  }
}

Result<std::optional<std::uint64_t>> ProjectionRows::revision(const std::string& key) {
  const ResetGuard reset(revision_);
  const auto row = revision_.bind_text(1, key).step();
  if (!row) return std::unexpected(row.error());
  return *row ? std::optional(revision_.unsigned_integer(0)) : std::nullopt;
}

Result<void> ProjectionRows::keep(const Projection& projection, const Batch& batch, Timestamp now) {
  const std::string key = projection_key(projection);
  for (const Position position : batch.unpark) {
    if (!contains(batch.events, position)) {
      auto done = drop_.bind_text(1, key)
                      .bind(2, stored(position))
                      .bind_text(3, projection.name)
                      .bind(4, nanoseconds(now))
                      .run();
      if (!done) return done;
    }
    if (auto done = unpark_.bind_text(1, key).bind(2, stored(position)).run(); !done) return done;
  }
  for (const ParkedEvent& parked : batch.park) {
    if (auto done = keep_parked(key, parked); !done) return done;
  }
  return update_.bind_text(1, key)
      .bind(2, stored(batch.reached.position))
      .bind(3, stored(batch.reached.event_position))
      .bind_text(4, batch.reached.event_id)
      .bind(5, nanoseconds(now))
      .run();
}

Result<void> ProjectionRows::keep_parked(const std::string& key, const ParkedEvent& parked) {
  // It was tried, and with it what was asked for.
  if (parked.attempts > 0) {
    if (auto done = unask_.bind_text(1, key).bind_text(2, parked.actor_id).run(); !done)
      return done;
  }
  return park_.bind_text(1, key)
      .bind(2, stored(parked.position))
      .bind_text(3, parked.actor_id)
      .bind(4, static_cast<std::int64_t>(parked.version))
      .bind_text(5, parked.event_id)
      .bind_text(6, parked.event_type)
      .bind_text(7, parked.error)
      .bind(8, parked.attempts)
      .bind(9, nanoseconds(parked.parked_at))
      .run();
}

Result<std::vector<KeptProjection>> ProjectionRows::kept() {
  const ResetGuard reset(kept_);
  std::vector<KeptProjection> all;
  while (true) {
    const auto row = kept_.step();
    if (!row) return std::unexpected(row.error());
    if (!*row) return all;
    auto filter = parse_filter(kept_.text(4));
    if (!filter) return fail(Errc::corrupt, filter.error().message);
    auto parked_events = parked(std::string(kept_.text(0)));
    if (!parked_events) return std::unexpected(std::move(parked_events.error()));
    auto given_up = dropped(std::string(kept_.text(1)));
    if (!given_up) return std::unexpected(std::move(given_up.error()));
    all.push_back({.projection = {.name = std::string(kept_.text(1)),
                                  .filter = std::move(*filter),
                                  .partition = {static_cast<std::uint32_t>(kept_.integer(2)),
                                                static_cast<std::uint32_t>(kept_.integer(3))}},
                   .state = {.checkpoint = {.position = kept_.unsigned_integer(5),
                                            .event_position = kept_.unsigned_integer(6),
                                            .event_id = std::string(kept_.text(7))},
                             .parked = std::move(*parked_events),
                             .revision = kept_.unsigned_integer(8),
                             .dropped = std::move(*given_up)}});
  }
}

Result<void> ProjectionRows::set_revisions(std::uint64_t revision) {
  return set_revisions_.bind(1, static_cast<std::int64_t>(revision)).run();
}

Result<ProjectionRequests> ProjectionRows::requests(const std::string& key) {
  ProjectionRequests found;
  {
    const ResetGuard reset(rebuild_);
    const auto row = rebuild_.step();
    if (!row) return std::unexpected(row.error());
    found.rebuild = *row && rebuild_.integer(0) != 0;
    found.handle_dropped = found.rebuild && rebuild_.integer(0) == 2;
  }
  const ResetGuard reset(requests_);
  requests_.bind_text(1, key);
  while (true) {
    const auto row = requests_.step();
    if (!row) return std::unexpected(row.error());
    if (!*row) return found;
    if (requests_.text(0) == "drop") {
      found.drop.push_back(requests_.unsigned_integer(2));
    } else if (std::string actor(requests_.text(1));
               std::ranges::find(found.retry, actor) == found.retry.end()) {
      found.retry.push_back(std::move(actor));
    }
  }
}

Result<bool> ProjectionRows::rebuild_failed(const Error& error, unsigned most) {
  auto kept = failed_.bind_text(1, error.message).bind(2, most).run();
  if (!kept) return std::unexpected(std::move(kept.error()));
  const ResetGuard reset(rebuild_);
  const auto row = rebuild_.step();
  if (!row) return std::unexpected(row.error());
  return !*row || rebuild_.integer(0) == 0;
}

}  // namespace aether::sqlite
