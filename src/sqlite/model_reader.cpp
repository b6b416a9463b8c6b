// SPDX-License-Identifier: Apache-2.0
//
// What those ask who look into a read model that another process may be feeding.

#include "aether/sqlite/read_model.hpp"
#include "core/text.hpp"
#include "sqlite/connection.hpp"
#include "sqlite/files.hpp"
#include "sqlite/model_schema.hpp"

#include <chrono>
#include <utility>

namespace aether::sqlite {

namespace {

/// Neither reads nor writes by it ever move the log into the database: that is the writer's alone
/// (two connections at it can damage the file).
Result<Connection> connect(const std::string& path, int flags) {
  const auto resolved = resolve_path(path, true);
  if (!resolved) return std::unexpected(resolved.error());
  auto connection = Connection::open(*resolved, flags, {});
  if (!connection) return connection;
  sqlite3_db_config(connection->raw(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  sqlite3_db_config(connection->raw(), SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  if (auto set = connection->execute("PRAGMA wal_autocheckpoint = 0"); !set) {
    return std::unexpected(std::move(set.error()));
  }
  const auto content = inspect_model(*connection);
  if (!content) return std::unexpected(content.error());
  if (*content == ModelContent::model) return connection;
  return fail(Errc::not_found, concat(quoted(path), " is empty: no read model was made in it yet"));
}

Result<void> check_there(const Connection& connection, std::string_view key) {
  auto select = connection.prepare("SELECT 1 FROM aether_projections WHERE key = ?1");
  if (!select) return std::unexpected(std::move(select.error()));
  const auto row = select->bind_text(1, key).step();
  if (!row) return std::unexpected(row.error());
  if (*row) return {};
  return fail(Errc::not_found, concat("the read model has no projection ", quoted(key)));
}

Result<ModelProjection> read_projection(const Statement& row) {
  auto filter = parse_filter(row.text(4));
  if (!filter) {
    return fail(Errc::corrupt,
                concat("the projection ", quoted(row.text(0)),
                       " has a filter that cannot be read: ", filter.error().message));
  }
  return ModelProjection{.key = std::string(row.text(0)),
                         .projection = {.name = std::string(row.text(1)),
                                        .filter = std::move(*filter),
                                        .partition = {static_cast<std::uint32_t>(row.integer(2)),
                                                      static_cast<std::uint32_t>(row.integer(3))}},
                         .checkpoint = {.position = row.unsigned_integer(5),
                                        .event_position = row.unsigned_integer(6),
                                        .event_id = std::string(row.text(7))},
                         .parked = row.unsigned_integer(8),
                         .dropped = row.unsigned_integer(9),
                         .updated_at = Timestamp(std::chrono::nanoseconds(row.integer(10)))};
}

/// Marks what is parked; says whether there was any.
Result<bool> mark(const Connection& connection, std::string_view sql, std::string_view key,
                  const std::string* actor, Position position) {
  auto update = connection.prepare(sql);
  if (!update) return std::unexpected(std::move(update.error()));
  update->bind_text(1, key);
  if (actor != nullptr) {
    update->bind_text(2, *actor);
  } else {
    update->bind(2, static_cast<std::int64_t>(position));
  }
  if (auto done = update->run(); !done) return std::unexpected(std::move(done.error()));
  return sqlite3_changes(connection.raw()) > 0;
}

Result<void> leave_requests(const Connection& connection, std::string_view key,
                            const ProjectionRequests& requests) {
  if (auto there = check_there(connection, key); !there) return there;
  for (const std::string& actor : requests.retry) {
    const auto found = mark(connection,
                            "UPDATE aether_parked SET request = 'retry' WHERE projection = ?1 "
                            "AND actor_id = ?2 AND request IS NOT 'drop'",
                            key, &actor, 0);
    if (!found) return std::unexpected(found.error());
    if (!*found) {
      return fail(Errc::not_found, concat("no event of ", quoted(actor), " is parked"));
    }
  }
  for (const Position position : requests.drop) {
    const auto found = mark(connection,
                            "UPDATE aether_parked SET request = 'drop' WHERE projection = ?1 "
                            "AND position = ?2",
                            key, nullptr, position);
    if (!found) return std::unexpected(found.error());
    if (!*found) return fail(Errc::not_found, concat("no event is parked at position ", position));
  }
  if (!requests.rebuild) return {};
  // 2: a rebuild that handles dropped events again.
  return connection.execute(
      concat("UPDATE aether_model SET rebuild_tries = 0, rebuild_error = '', rebuild = ",
             requests.handle_dropped ? 2 : 1));
}

}  // namespace

Result<ModelInfo> describe_model(const std::string& path) {
  const auto connection = connect(path, SQLITE_OPEN_READONLY);
  if (!connection) return std::unexpected(connection.error());
  auto select =
      connection->prepare("SELECT schema, origin, rebuild, rebuild_error FROM aether_model");
  if (!select) return std::unexpected(std::move(select.error()));
  const auto row = select->step();
  if (!row) return std::unexpected(row.error());
  if (!*row) return fail(Errc::corrupt, concat(quoted(path), " does not say what schema it has"));
  return ModelInfo{.schema = std::string(select->text(0)),
                   .origin = std::string(select->text(1)),
                   .rebuild = select->integer(2) != 0,
                   .rebuild_error = std::string(select->text(3))};
}

Result<std::vector<ModelProjection>> list_projections(const std::string& path) {
  const auto connection = connect(path, SQLITE_OPEN_READONLY);
  if (!connection) return std::unexpected(connection.error());
  auto select = connection->prepare(
      "SELECT key, name, partition, partitions, filter, position, event_position, event_id, "
      "(SELECT count(*) FROM aether_parked WHERE projection = key), "
      "(SELECT count(*) FROM aether_dropped d WHERE d.name = p.name), updated_at "
      "FROM aether_projections p ORDER BY key");
  if (!select) return std::unexpected(std::move(select.error()));
  std::vector<ModelProjection> projections;
  while (true) {
    const auto row = select->step();
    if (!row) return std::unexpected(row.error());
    if (!*row) return projections;
    auto projection = read_projection(*select);
    if (!projection) return std::unexpected(std::move(projection.error()));
    projections.push_back(std::move(*projection));
  }
}

Result<std::vector<ParkedEvent>> list_parked(const std::string& path, std::string_view key) {
  const auto connection = connect(path, SQLITE_OPEN_READONLY);
  if (!connection) return std::unexpected(connection.error());
  if (auto there = check_there(*connection, key); !there) {
    return std::unexpected(std::move(there.error()));
  }
  auto select = connection->prepare(concat(
      "SELECT ", kParkedColumns, " FROM aether_parked WHERE projection = ?1 ORDER BY position"));
  if (!select) return std::unexpected(std::move(select.error()));
  select->bind_text(1, key);
  std::vector<ParkedEvent> events;
  while (true) {
    const auto row = select->step();
    if (!row) return std::unexpected(row.error());
    if (!*row) return events;
    events.push_back(read_parked_row(*select));
  }
}

Result<void> request_of_projector(const std::string& path, std::string_view key,
                                  const ProjectionRequests& requests) {
  const auto connection = connect(path, SQLITE_OPEN_READWRITE);
  if (!connection) return std::unexpected(connection.error());
  if (auto begun = connection->execute("BEGIN IMMEDIATE"); !begun) return begun;
  auto left = leave_requests(*connection, key, requests);
  auto ended = connection->execute(left ? "COMMIT" : "ROLLBACK");
  return left ? ended : left;
}

}  // namespace aether::sqlite
