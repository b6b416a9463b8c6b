// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/store/snapshot_store.hpp"
#include "sqlite/connection.hpp"

#include <string_view>

namespace aether::sqlite {

/// An INSERT that replaces an older snapshot and leaves a newer one alone.
[[nodiscard]] Result<Statement> prepare_snapshot_save(const Connection& connection);
[[nodiscard]] Result<void> save_snapshot_row(Statement& save, const Snapshot& snapshot);

[[nodiscard]] Result<Statement> prepare_snapshot_load(const Connection& connection);
/// `not_found`; `corrupt` where the row does not match its checksum.
[[nodiscard]] Result<Snapshot> load_snapshot_row(Statement& load, std::string_view actor_id);

}  // namespace aether::sqlite
