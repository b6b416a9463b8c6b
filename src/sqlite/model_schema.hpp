// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/error.hpp"
#include "aether/projection/read_model.hpp"
#include "sqlite/connection.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace aether::sqlite {

inline constexpr std::int32_t kModelApplicationId = 0x61657072;  // "aepr"
inline constexpr int kModelFormat = 1;                           // PRAGMA user_version

/// What the file is: nothing yet, or a read model. Errors: `invalid_argument` (another program's,
/// or an event store), `unsupported` (a newer version's), `corrupt`.
enum class ModelContent { empty, model };
[[nodiscard]] Result<ModelContent> inspect_model(const Connection& connection);

/// The name of the schema that the model was made with, and the SQL that made it.
struct ModelSchema {
  std::string name{};
  std::string sql{};
  std::string origin{};  ///< unique to the file that it was made in; goes with what is copied
};
[[nodiscard]] Result<ModelSchema> read_model_schema(const Connection& connection);

/// Makes our tables, within the caller's transaction; those of the user come after.
[[nodiscard]] Result<void> create_model_tables(const Connection& connection,
                                               const ModelSchema& schema);

/// The columns of `aether_parked` that `read_parked_row` expects, in this order.
inline constexpr std::string_view kParkedColumns =
    "position, actor_id, version, event_id, event_type, error, attempts, parked_at";
[[nodiscard]] ParkedEvent read_parked_row(const Statement& row);

}  // namespace aether::sqlite
