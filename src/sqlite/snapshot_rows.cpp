// SPDX-License-Identifier: Apache-2.0
#include "sqlite/snapshot_rows.hpp"

#include "core/chain_encoding.hpp"
#include "core/sha256.hpp"
#include "core/text.hpp"
#include "sqlite/event_rows.hpp"

#include <chrono>
#include <string>

namespace aether::sqlite {

namespace {

Hash checksum(const Snapshot& snapshot) {
  std::string head;
  put_field(head, snapshot.actor_id);
  put_u64(head, snapshot.version);
  put_field(head, snapshot.schema);
  put_u64(head, static_cast<std::uint64_t>(snapshot.timestamp.time_since_epoch().count()));
  put_field(head, snapshot.data.content_type());
  return Sha256().update(head).update(snapshot.data.text()).finish();
}

}  // namespace

Result<Statement> prepare_snapshot_save(const Connection& connection) {
  return connection.prepare(
      "INSERT INTO snapshots (actor_id, version, schema, timestamp, content_type, checksum, data) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (actor_id) DO UPDATE SET "
      "version = excluded.version, schema = excluded.schema, timestamp = excluded.timestamp, "
      "content_type = excluded.content_type, checksum = excluded.checksum, data = excluded.data "
      "WHERE excluded.version >= snapshots.version");
}

Result<void> save_snapshot_row(Statement& save, const Snapshot& snapshot) {
  const Hash sum = checksum(snapshot);
  save.bind_text(1, snapshot.actor_id)
      .bind(2, static_cast<std::int64_t>(snapshot.version))
      .bind_text(3, snapshot.schema)
      .bind(4, snapshot.timestamp.time_since_epoch().count())
      .bind_blob(6, as_text(sum));
  bind_data(save, 5, 7, snapshot.data);
  return save.run();
}

Result<Statement> prepare_snapshot_load(const Connection& connection) {
  return connection.prepare(
      "SELECT version, schema, timestamp, content_type, checksum, data FROM snapshots "
      "WHERE actor_id = ?1");
}

Result<Snapshot> load_snapshot_row(Statement& load, std::string_view actor_id) {
  const ResetGuard reset(load);
  const auto row = load.bind_text(1, actor_id).step();
  if (!row) return std::unexpected(row.error());
  if (!*row) return fail(Errc::not_found, concat(quoted(actor_id), " has no snapshot"));
  Snapshot snapshot{.actor_id = std::string(actor_id),
                    .version = load.unsigned_integer(0),
                    .schema = std::string(load.text(1)),
                    .data = read_data(load, 3, 5),
                    .timestamp = Timestamp(std::chrono::nanoseconds(load.integer(2)))};
  if (load.text(4) != as_text(checksum(snapshot))) {
    return fail(Errc::corrupt,
                concat("the snapshot of ", quoted(actor_id), " at version ", snapshot.version,
                       " does not match its checksum: it is of "
                       "no use, and a full replay does without it"));
  }
  return snapshot;
}

}  // namespace aether::sqlite
