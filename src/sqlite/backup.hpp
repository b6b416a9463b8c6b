// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/sqlite/store.hpp"
#include "sqlite/connection.hpp"

#include <functional>
#include <stop_token>
#include <string>

namespace aether::sqlite {

/// `Store::backup` from `source`, a connection of its own.
[[nodiscard]] Result<void> back_up(const Connection& source, const std::string& path,
                                   const std::function<void(BackupProgress)>& progress,
                                   const std::stop_token& stop);

}  // namespace aether::sqlite
