// SPDX-License-Identifier: Apache-2.0
#include "sqlite/file_lock.hpp"

#include "core/text.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <string_view>
#include <system_error>

namespace aether::sqlite {

namespace {

std::string read_holder(int file) {
  std::array<char, 32> text{};
  const ssize_t size = pread(file, text.data(), text.size(), 0);
  const std::string_view id(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  // Empty while the holder is between taking the lock and writing its number.
  const auto number = id.substr(0, id.find_first_not_of("0123456789"));
  return number.empty() ? "another process" : concat("process ", number);
}

/// Whoever may write to the database may lock it. Where there is no database yet, the process's
/// umask has said who may.
void share_rights(int file, const std::string& database_path) {
  struct stat database{};
  if (stat(database_path.c_str(), &database) != 0) return;
  constexpr mode_t kReadAndWrite = 0666;
  [[maybe_unused]] const int changed = fchmod(file, database.st_mode & kReadAndWrite);  // if ours
}

void write_holder(int file) {
  const std::string id = concat(static_cast<std::int64_t>(getpid()), "\n");
  // Only for people to read: whether it can be written changes nothing.
  if (ftruncate(file, 0) == 0) {
    [[maybe_unused]] const ssize_t written = pwrite(file, id.data(), id.size(), 0);
  }
}

}  // namespace

Result<FileLock> FileLock::acquire(const std::string& database_path) {
  const std::string path = database_path + "-lock";
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
  if (file < 0) {
    const int reason = errno;
    const bool denied = reason == EACCES || reason == EROFS || reason == EPERM || reason == EISDIR;
    return fail(denied ? Errc::permission_denied : Errc::unavailable,
                concat("the lock file ", quoted(path),
                       " cannot be opened: ", std::generic_category().message(reason),
                       ": writing needs the right to make it, or to write to it"));
  }
  FileLock lock(file);
  while (flock(file, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno == EWOULDBLOCK) {
      return fail(Errc::unavailable,
                  concat(quoted(database_path), " is open for writing by ", read_holder(file),
                         ": one process writes at a time; open it read-only, or stop that one"));
    }
    return fail(Errc::unavailable,
                concat(quoted(path), " cannot be locked: ", std::generic_category().message(errno),
                       ": use a local file system"));
  }
  share_rights(file, database_path);
  write_holder(file);
  return lock;
}

FileLock::FileLock(int file) : file_(file), holder_(getpid()) {}

FileLock::~FileLock() {
  if (file_ < 0) return;
  // A forked child may still have the descriptor: closing ours alone would leave the lock to it.
  if (holder_ == getpid()) flock(file_, LOCK_UN);
  close(file_);
}

Result<void> FileLock::check_in_place(const std::string& database_path) const {
  const std::string path = database_path + "-lock";
  struct stat held{};
  struct stat named{};
  if (fstat(file_, &held) == 0 && stat(path.c_str(), &named) == 0 && held.st_dev == named.st_dev &&
      held.st_ino == named.st_ino) {
    return {};
  }
  return fail(Errc::unavailable,
              concat(quoted(path), " was removed while the store was opened: open it anew"));
}

}  // namespace aether::sqlite
