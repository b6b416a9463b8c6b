// SPDX-License-Identifier: Apache-2.0
#include "sqlite/event_rows.hpp"

#include "aether/core/uuid.hpp"
#include "core/metadata_json.hpp"
#include "core/text.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

namespace aether::sqlite {

namespace {

std::unexpected<Error> corrupt_row(const StoredEvent& event, std::string_view what) {
  return std::unexpected(
      Error{.code = Errc::corrupt,
            .message = concat("the event of ", quoted(event.actor_id), " with version ",
                              event.version, " at position ", event.position, " is damaged: ", what,
                              ": run `aether verify`, restore a backup"),
            .actor_id = event.actor_id,
            .actor_version = event.version,
            .position = event.position});
}

/// A UUID in its canonical form takes 16 bytes instead of 36, and comes back the same.
std::string read_id(const Statement& row, int column) {
  const std::string_view stored = row.text(column);
  Uuid uuid{};
  if (row.type(column) != SQLITE_BLOB || stored.size() != uuid.size()) return std::string(stored);
  std::ranges::transform(stored, uuid.begin(), [](char c) { return static_cast<std::uint8_t>(c); });
  return format_uuid(uuid);
}

}  // namespace

void bind_data(Statement& statement, int content_type_index, int data_index, const Data& data) {
  if (data.is_json()) {
    statement.bind_null(content_type_index).bind_text(data_index, data.text());
  } else {
    statement.bind_text(content_type_index, data.content_type()).bind_blob(data_index, data.text());
  }
}

Data read_data(const Statement& row, int content_type_column, int data_column) {
  if (row.is_null(content_type_column)) return Data::stored_json(row.text(data_column));
  return Data::bytes(row.text(data_column), row.text(content_type_column));
}

Result<EventPtr> read_event_row(const Statement& row, const RowNames& names) {
  enum Column : std::uint8_t {
    position,
    version,
    event_type,
    id,
    timestamp,
    content_type,
    metadata,
    hash,
    data
  };
  auto event = std::make_shared<StoredEvent>();
  event->position = row.unsigned_integer(position);
  event->version = row.unsigned_integer(version);
  event->actor_id = names.actor_id;
  event->event_type = names.event_type;
  event->id = read_id(row, id);
  event->timestamp = Timestamp(std::chrono::nanoseconds(row.integer(timestamp)));
  if (names.actor_id.empty()) return corrupt_row(*event, "its actor is missing");
  if (names.event_type.empty()) return corrupt_row(*event, "its event type is missing");
  if (!row.is_null(metadata)) {
    auto decoded = decode_metadata(row.text(metadata));
    if (!decoded) return corrupt_row(*event, decoded.error().message);
    event->metadata = std::move(*decoded);
  }
  const std::string_view stored_hash = row.text(hash);
  if (stored_hash.size() != event->hash.size()) return corrupt_row(*event, "its hash is cut short");
  std::ranges::transform(stored_hash, event->hash.begin(),
                         [](char c) { return static_cast<std::byte>(c); });
  event->data = read_data(row, content_type, data);
  return EventPtr(std::move(event));
}

Result<Statement> prepare_event_insert(const Connection& connection) {
  return connection.prepare(
      "INSERT INTO events (position, actor, version, previous_actor, event_type, id, timestamp, "
      "content_type, metadata, hash, data) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)");
}

Result<void> insert_event_row(Statement& insert, const EventRow& row) {
  const Event& event = row.event;
  insert.bind(1, static_cast<std::int64_t>(row.position))
      .bind(2, row.actor)
      .bind(3, static_cast<std::int64_t>(event.version))
      .bind(4, row.previous_actor)
      .bind(5, row.event_type)
      .bind(7, event.timestamp.time_since_epoch().count());
  const auto uuid = parse_uuid(event.id);
  if (uuid) {
    insert.bind_blob(6, {reinterpret_cast<const char*>(uuid->data()), uuid->size()});
  } else {
    insert.bind_text(6, event.id);
  }
  const std::string metadata = encode_metadata(event.metadata);
  if (event.metadata.empty()) {
    insert.bind_null(9);
  } else {
    insert.bind_text(9, metadata);
  }
  insert.bind_blob(10, as_text(row.hash));
  bind_data(insert, 8, 11, event.data);
  return insert.run();
}

}  // namespace aether::sqlite
