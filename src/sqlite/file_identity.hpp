// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/error.hpp"

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>

namespace aether::sqlite {

/// Which file a name means: another one after it was moved away or replaced.
struct FileIdentity {
  dev_t device = 0;
  ino_t inode = 0;
  nlink_t names = 0;  ///< hard links

  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

/// Nothing where there is no file.
[[nodiscard]] std::optional<FileIdentity> identity_of(const std::string& path);

/// How a database and its log looked at a moment: for a reader without the right to lock them.
struct FileStamp {
  FileIdentity identity{};
  std::int64_t size = 0;
  std::int64_t changed_seconds = 0;
  std::int64_t changed_nanoseconds = 0;
  std::int64_t log_size = 0;

  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};

[[nodiscard]] FileStamp stamp_of(const std::string& database_path);

/// The files that a writer works on: the database, its log, the log's index, and the lock. When one
/// of them is moved, replaced or removed, those who come by its name no longer meet the writer:
/// what it stores would be lost to them, and a second writer could begin.
class HeldFiles {
 public:
  /// Of those that are there now: with a VFS that keeps its files elsewhere, none.
  explicit HeldFiles(const std::string& database_path);

  /// `unavailable` where one is missing.
  [[nodiscard]] Result<void> check_all_are_there() const;

  /// `unavailable`, with the name of the file that is not what it was, or that got a second name.
  /// Costs a system call for each file.
  [[nodiscard]] Result<void> check() const;

 private:
  struct Held {
    std::string path;
    std::optional<FileIdentity> identity;
  };
  std::array<Held, 4> files_;
};

/// The files beside a database that SQLite keeps, and that a reader reads: when they are others
/// than when it opened them, it reads what nobody writes to any more.
struct LogIdentity {
  std::optional<FileIdentity> log{};
  std::optional<FileIdentity> index{};

  friend bool operator==(const LogIdentity&, const LogIdentity&) = default;
};

[[nodiscard]] LogIdentity log_identity_of(const std::string& database_path);

/// What SQLite and the store add to a database's name.
inline constexpr std::array<const char*, 4> kCompanionSuffixes{"-wal", "-shm", "-journal", "-lock"};

/// `invalid_argument` where a file beside the database is no regular one: SQLite would wait for a
/// named pipe's other end, for ever.
[[nodiscard]] Result<void> check_companions(const std::string& database_path);

/// `invalid_argument` where the database has several names (hard links): its log has the name of
/// one of them, so that what was stored by one name is not seen by another.
[[nodiscard]] Result<void> check_single_name(const std::string& database_path);

}  // namespace aether::sqlite
