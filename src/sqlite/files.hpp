// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/error.hpp"
#include "sqlite/connection.hpp"

#include <string>

namespace aether::sqlite {

// Nothing here opens a database but through SQLite: closing any descriptor of it would drop the
// locks that SQLite holds on it in this process (POSIX locks belong to the process and the file).

/// The absolute path without symbolic links, once it is clear that a database can be there.
/// Errors: `invalid_argument` (empty, a folder, a device), `not_found` (no such folder; no such
/// file and `must_exist`), `permission_denied`.
[[nodiscard]] Result<std::string> resolve_path(const std::string& path, bool must_exist);

/// `permission_denied` where this process may not change the file or its folder.
[[nodiscard]] Result<void> check_writable(const std::string& path);

/// A connection that can only read, and leaves the write-ahead log alone.
[[nodiscard]] Result<Connection> open_for_reading(const std::string& path, const std::string& vfs);

/// The connection that writes. `synchronous` is FULL outside tests.
[[nodiscard]] Result<Connection> open_for_writing(const std::string& path, const std::string& vfs,
                                                  const std::string& synchronous);

/// Moves what an earlier process left in the write-ahead log into the database file. If it died
/// after a failed fsync, parts of its log may be in memory only, and look as if they were on the
/// disk: what is appended behind them would be lost with them. Written anew to the database they
/// are synced.
[[nodiscard]] Result<void> empty_log(const Connection& connection);

/// Makes what stands in the folder of `path` durable: a new or renamed file.
[[nodiscard]] Result<void> sync_folder_of(const std::string& path);

}  // namespace aether::sqlite
