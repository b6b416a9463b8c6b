// SPDX-License-Identifier: Apache-2.0
#include "sqlite/backup.hpp"

#include "core/text.hpp"
#include "sqlite/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

namespace aether::sqlite {

namespace {

constexpr int kPagesPerStep = 1'024;  // 4 MiB: between two looks at the stop token

std::unexpected<Error> failed(std::string_view what, const std::string& path) {
  const int reason = errno;
  const Errc code = reason == EACCES || reason == EPERM || reason == EROFS ? Errc::permission_denied
                                                                           : Errc::unavailable;
  return fail(
      code, concat(what, " ", quoted(path), " failed: ", std::generic_category().message(reason)));
}

std::unexpected<Error> already_there(const std::string& path) {
  return fail(Errc::invalid_argument,
              concat(quoted(path), " is there already: a backup never overwrites a file"));
}

/// A file under a temporary name that goes away unless it is published.
class PartialFile {
 public:
  explicit PartialFile(std::string path) : path_(std::move(path)), partial_(path_ + ".partial") {}
  ~PartialFile() {
    if (made_) {
      unlink(partial_.c_str());
      unlink((partial_ + "-journal").c_str());
    }
  }
  PartialFile(const PartialFile&) = delete;
  PartialFile& operator=(const PartialFile&) = delete;

  [[nodiscard]] const std::string& name() const { return partial_; }

  Result<void> make(mode_t mode) {
    const int file = ::open(partial_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (file < 0 && errno == EEXIST) {
      return fail(Errc::invalid_argument,
                  concat(quoted(partial_),
                         " is there already: another backup is running, or was "
                         "ended half-way; if so, delete it"));
    }
    if (file < 0) return failed("making the backup file", partial_);
    made_ = true;
    ::close(file);
    return {};
  }

  /// Syncs the file and gives it its name, unless that is taken by now.
  Result<void> publish() {
    const int file = ::open(partial_.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return failed("opening", partial_);
    const bool synced = fsync(file) == 0;
    ::close(file);
    if (!synced) return failed("syncing", partial_);
    if (renameat2(AT_FDCWD, partial_.c_str(), AT_FDCWD, path_.c_str(), RENAME_NOREPLACE) != 0) {
      if (errno == EEXIST) return already_there(path_);
      // Not every file system can rename without replacing.
      if (errno != EINVAL || rename(partial_.c_str(), path_.c_str()) != 0) {
        return failed("renaming the backup to", path_);
      }
    }
    made_ = false;
    return sync_folder_of(path_);
  }

 private:
  std::string path_;
  std::string partial_;
  bool made_ = false;
};

/// The source's: who may not read the events may not read their copy. The process's umask narrows
/// it.
mode_t mode_of(const std::string& source_path) {
  struct stat status{};
  constexpr mode_t kOwnerOnly = S_IRUSR | S_IWUSR;
  if (stat(source_path.c_str(), &status) != 0) return kOwnerOnly;
  return kOwnerOnly | (status.st_mode & (S_IRWXG | S_IRWXO));
}

/// SQLite would take a log that lies beside the copy for the copy's own, and a copy that has the
/// name of one for that.
Result<void> check_target(const std::string& source_path, const std::string& target) {
  for (const char* suffix : kCompanionSuffixes) {
    if (target == source_path + suffix) {
      return fail(
          Errc::invalid_argument,
          concat(quoted(target), " is a name that the database itself uses: choose another"));
    }
    const std::string leftover = target + suffix;
    if (suffix != std::string_view("-lock") && access(leftover.c_str(), F_OK) == 0) {
      return fail(Errc::invalid_argument,
                  concat(quoted(leftover),
                         " is there, left by an earlier database of that name, "
                         "and would be taken for a part of the copy: move it "
                         "away, or choose another name"));
    }
  }
  return {};
}

struct FinishBackup {
  void operator()(sqlite3_backup* backup) const { sqlite3_backup_finish(backup); }
};

Result<void> copy_pages(const Connection& source, const Connection& target,
                        const std::function<void(BackupProgress)>& progress,
                        const std::stop_token& stop) {
  const std::unique_ptr<sqlite3_backup, FinishBackup> backup(
      sqlite3_backup_init(target.raw(), "main", source.raw(), "main"));
  if (!backup) {
    return std::unexpected(target.error(sqlite3_extended_errcode(target.raw()), "the backup"));
  }
  while (true) {
    if (stop.stop_requested()) return fail(Errc::closed, "the backup was stopped");
    const int code = sqlite3_backup_step(backup.get(), kPagesPerStep);
    const int total = sqlite3_backup_pagecount(backup.get());
    const int left = sqlite3_backup_remaining(backup.get());
    if (progress) {
      progress({.pages_done = static_cast<std::uint64_t>(total - left),
                .pages_total = static_cast<std::uint64_t>(total)});
    }
    if (code == SQLITE_DONE) return {};
    if (code != SQLITE_OK) return std::unexpected(to_error(nullptr, code, "the backup"));
  }
}

}  // namespace

Result<void> back_up(const ReadConnection& source, const std::string& source_path,
                     const std::string& path, const std::function<void(BackupProgress)>& progress,
                     const std::stop_token& stop) {
  const auto resolved = resolve_path(path, false);
  if (!resolved) return std::unexpected(resolved.error());
  if (access(resolved->c_str(), F_OK) == 0) return already_there(*resolved);
  if (auto ok = check_target(source_path, *resolved); !ok) return ok;
  PartialFile file(*resolved);
  if (auto made = file.make(mode_of(source_path)); !made) return made;

  const auto target = Connection::open(file.name(), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, "");
  if (!target) return std::unexpected(target.error());
  // Until it is published the copy is worth nothing, and then it is synced as a whole.
  if (auto ok = target->execute("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF"); !ok) {
    return ok;
  }
  // A read transaction over all steps: otherwise each append would make the copy start again.
  if (auto ok = source.get().execute("BEGIN; SELECT count(*) FROM sqlite_schema"); !ok) return ok;
  auto copied = copy_pages(source.get(), *target, progress, stop);
  auto ended = source.get().execute("COMMIT");
  if (!copied) return copied;
  if (!ended) return ended;
  if (source.was_misled()) {
    return fail(Errc::unavailable,
                "somebody began to write while the database was copied, without the right to lock "
                "it: try again");
  }
  if (auto ok = check_target(source_path, *resolved); !ok) return ok;
  return file.publish();
}

}  // namespace aether::sqlite
