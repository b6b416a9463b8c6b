// SPDX-License-Identifier: Apache-2.0
#include "sqlite/file_identity.hpp"

#include "core/text.hpp"

#include <sys/stat.h>

namespace aether::sqlite {

namespace {

FileIdentity identity_in(const struct stat& status) {
  return {.device = status.st_dev, .inode = status.st_ino, .names = status.st_nlink};
}

}  // namespace

std::optional<FileIdentity> identity_of(const std::string& path) {
  struct stat status{};
  if (stat(path.c_str(), &status) != 0) return std::nullopt;
  return identity_in(status);
}

FileStamp stamp_of(const std::string& database_path) {
  FileStamp stamp;
  struct stat status{};
  if (stat(database_path.c_str(), &status) == 0) {
    stamp.identity = identity_in(status);
    stamp.size = status.st_size;
    stamp.changed_seconds = status.st_mtim.tv_sec;
    stamp.changed_nanoseconds = status.st_mtim.tv_nsec;
  }
  if (stat((database_path + "-wal").c_str(), &status) == 0) stamp.log_size = status.st_size;
  return stamp;
}

HeldFiles::HeldFiles(const std::string& database_path)
    : files_{{{.path = database_path, .identity = {}},
              {.path = database_path + "-wal", .identity = {}},
              {.path = database_path + "-shm", .identity = {}},
              {.path = database_path + "-lock", .identity = {}}}} {
  for (Held& file : files_) file.identity = identity_of(file.path);
}

LogIdentity log_identity_of(const std::string& database_path) {
  return {.log = identity_of(database_path + "-wal"), .index = identity_of(database_path + "-shm")};
}

Result<void> check_companions(const std::string& database_path) {
  for (const char* suffix : kCompanionSuffixes) {
    const std::string path = database_path + suffix;
    struct stat status{};
    if (lstat(path.c_str(), &status) != 0 || S_ISREG(status.st_mode)) continue;
    return fail(Errc::invalid_argument,
                concat(quoted(path),
                       " is not a regular file, and belongs to the database: remove "
                       "it, or choose another name"));
  }
  return {};
}

Result<void> HeldFiles::check_all_are_there() const {
  for (const Held& file : files_) {
    if (file.identity) continue;
    return fail(Errc::unavailable,
                concat(quoted(file.path), " was removed while the store was opened: open it anew"));
  }
  return {};
}

Result<void> HeldFiles::check() const {
  for (const Held& file : files_) {
    if (!file.identity || identity_of(file.path) == file.identity) continue;
    return fail(
        Errc::unavailable,
        concat(quoted(file.path),
               " was moved, replaced or removed under the store that writes to it, or got a "
               "second name: put it back, or open the store anew"));
  }
  return {};
}

Result<void> check_single_name(const std::string& database_path) {
  struct stat status{};
  if (stat(database_path.c_str(), &status) != 0 || status.st_nlink <= 1) return {};
  return fail(Errc::invalid_argument,
              concat(quoted(database_path), " has ", static_cast<std::uint64_t>(status.st_nlink),
                     " names (hard links), and what is stored by one is not seen by another: "
                     "remove all names but one"));
}

}  // namespace aether::sqlite
