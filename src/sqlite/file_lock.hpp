// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/error.hpp"

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

  FileLock(FileLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
  FileLock& operator=(FileLock&& other) noexcept {
    std::swap(file_, other.file_);
    return *this;
  }
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  explicit FileLock(int file) : file_(file) {}
  int file_ = -1;
};

}  // namespace aether::sqlite
