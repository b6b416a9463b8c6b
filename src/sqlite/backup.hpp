// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/sqlite/store.hpp"
#include "sqlite/files.hpp"

#include <functional>
#include <stop_token>
#include <string>

namespace aether::sqlite {

/// `Store::backup` from `source`, a connection of its own to the database at `source_path`.
[[nodiscard]] Result<void> back_up(const ReadConnection& source, const std::string& source_path,
                                   const std::string& path,
                                   const std::function<void(BackupProgress)>& progress,
                                   const std::stop_token& stop);

}  // namespace aether::sqlite
