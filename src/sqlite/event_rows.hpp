// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/event.hpp"
#include "sqlite/connection.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace aether::sqlite {

/// The columns that `read_event_row` expects, in this order, of a row of `events e`.
inline constexpr std::string_view kEventColumns =
    "e.position, e.version, e.event_type, e.id, e.timestamp, e.content_type, e.metadata, e.hash, "
    "e.data";
inline constexpr int kEventColumnCount = 9;

/// What stands in a row by number, as text.
struct RowNames {
  std::string_view actor_id;
  std::string_view event_type;
};

/// The event in the statement's current row. `corrupt`, with the position, where the row holds what
/// this store never writes.
[[nodiscard]] Result<EventPtr> read_event_row(const Statement& row, const RowNames& names);

/// Fills in the INSERT that `prepare_event_insert` made; texts of `event` are bound as they are.
struct EventRow {
  const Event& event;
  Position position;
  std::int64_t actor;
  std::int64_t previous_actor;
  std::int64_t event_type;
  const Hash& hash;
};
[[nodiscard]] Result<Statement> prepare_event_insert(const Connection& connection);
[[nodiscard]] Result<void> insert_event_row(Statement& insert, const EventRow& row);

/// JSON data as text, other data as a blob beside its content type.
void bind_data(Statement& statement, int content_type_index, int data_index, const Data& data);
[[nodiscard]] Data read_data(const Statement& row, int content_type_column, int data_column);

[[nodiscard]] inline std::string_view as_text(const Hash& hash) {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

}  // namespace aether::sqlite
