// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/error.hpp"
#include "sqlite/connection.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace aether::sqlite {

// docs/sqlite-format.md explains the format.

inline constexpr std::int32_t kApplicationId = 0x61657468;  // "aeth"; `file` and PRAGMA show it
inline constexpr int kFormat = 1;                           // PRAGMA user_version

/// A table, index, view or trigger as it must stand in the database.
struct SchemaObject {
  std::string_view name;
  std::string_view sql;
};

[[nodiscard]] std::span<const SchemaObject> schema_objects();

enum class Content { empty, aether };

/// What the database is, judged by its header and schema. Errors: `invalid_argument` (another
/// program's), `unsupported` (a newer version's), `corrupt`.
[[nodiscard]] Result<Content> inspect_content(const Connection& connection);

/// Makes the schema in an empty database: all of it, or nothing.
[[nodiscard]] Result<void> create_schema(const Connection& connection);

}  // namespace aether::sqlite
