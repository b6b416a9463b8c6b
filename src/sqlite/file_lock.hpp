// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/error.hpp"

#include <sys/types.h>

#include <string>
#include <utility>

namespace aether::sqlite {

/// The right to write a database, held by one process at a time, until destroyed or the process
/// ends. An flock on a file of its own, "<database>-lock": closing any descriptor of the database
/// itself would drop SQLite's own locks. The file stays, and holds the process id of its holder.
class FileLock {
 public:
  /// `unavailable` says which process has it.
  [[nodiscard]] static Result<FileLock> acquire(const std::string& database_path);

  FileLock(FileLock&& other) noexcept
      : file_(std::exchange(other.file_, -1)), holder_(other.holder_) {}
  FileLock& operator=(FileLock&& other) noexcept {
    std::swap(file_, other.file_);
    std::swap(holder_, other.holder_);
    return *this;
  }
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

  /// `unavailable` where the lock file's name means another file by now.
  [[nodiscard]] Result<void> check_in_place(const std::string& database_path) const;

 private:
  explicit FileLock(int file);
  int file_ = -1;
  pid_t holder_ = 0;  // a forked child has the descriptor too, and must not end the lock
};

}  // namespace aether::sqlite
