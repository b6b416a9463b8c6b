// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/error.hpp"
#include "sqlite/connection.hpp"
#include "sqlite/file_identity.hpp"

#include <optional>
#include <string>
#include <utility>

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
class ReadConnection {
 public:
  ReadConnection(Connection connection, std::string path)
      : connection_(std::move(connection)), path_(std::move(path)), log_(log_identity_of(path_)) {}
  /// One that takes no locks, because it may not: right only while the files are as in `stamp`.
  ReadConnection(Connection connection, std::string path, FileStamp stamp)
      : connection_(std::move(connection)), path_(std::move(path)), stamp_(stamp) {}

  [[nodiscard]] const Connection& get() const { return connection_; }
  /// What was read just now may be wrong, and is to be read by another connection.
  [[nodiscard]] bool was_misled() const { return stamp_ && stamp_of(path_) != *stamp_; }
  /// What it will read may be old.
  [[nodiscard]] bool is_outdated() const {
    return stamp_ ? was_misled() : log_identity_of(path_) != log_;
  }

 private:
  Connection connection_;
  std::string path_;
  std::optional<FileStamp> stamp_{};  // none: it takes locks
  LogIdentity log_{};
};

[[nodiscard]] Result<ReadConnection> open_for_reading(const std::string& path,
                                                      const std::string& vfs);

/// The connection that writes. `synchronous` is FULL outside tests.
[[nodiscard]] Result<Connection> open_for_writing(const std::string& path, const std::string& vfs,
                                                  const std::string& synchronous);

/// Makes what an earlier process left in the write-ahead log durable, then moves it into the
/// database file unless a reader's transaction keeps it. If that process died after a failed fsync,
/// the end of its log may be in memory only, and look as if it was on the disk: what is appended
/// behind it would be lost with it, and pages moved from it into the database would, after a power
/// cut, be mixed with older ones from the rest of the log. So the log is first written anew in its
/// place, and synced.
[[nodiscard]] Result<void> settle_log(const Connection& connection);

/// Makes what stands in the folder of `path` durable: a new or renamed file.
[[nodiscard]] Result<void> sync_folder_of(const std::string& path);

}  // namespace aether::sqlite
