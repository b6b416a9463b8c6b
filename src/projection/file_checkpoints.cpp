// SPDX-License-Identifier: Apache-2.0
#include "aether/core/names.hpp"
#include "aether/projection/checkpoints.hpp"
#include "core/text.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <mutex>
#include <system_error>
#include <utility>

namespace aether {

namespace {

constexpr std::size_t kReadAtOnce = 64UL * 1024;

std::unexpected<Error> failed(int reason, std::string_view doing, const std::string& path) {
  const bool denied = reason == EACCES || reason == EPERM || reason == EROFS;
  return fail(
      denied ? Errc::permission_denied : Errc::unavailable,
      concat(doing, " ", quoted(path), " failed: ", std::generic_category().message(reason)));
}

/// An open file or folder, closed at the end of its scope.
class File {
 public:
  File(const std::string& path, int flags) : file_(open(path.c_str(), flags | O_CLOEXEC, 0666)) {}
  ~File() {
    if (file_ >= 0) close(file_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  [[nodiscard]] bool is_open() const { return file_ >= 0; }
  [[nodiscard]] int get() const { return file_; }

  [[nodiscard]] bool write_all(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t written = write(file_, text.data(), text.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
  }

  [[nodiscard]] bool read_all(std::string& text) const {
    while (true) {
      const std::size_t before = text.size();
      text.resize(before + kReadAtOnce);
      const ssize_t got = read(file_, text.data() + before, kReadAtOnce);
      text.resize(before + static_cast<std::size_t>(got < 0 ? 0 : got));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return got == 0;
    }
  }

 private:
  int file_;
};

class FileCheckpoints final : public CheckpointStore {
 public:
  explicit FileCheckpoints(std::string folder) : folder_(std::move(folder)) {}

  [[nodiscard]] Result<std::optional<CheckpointRecord>> load(std::string_view key) override {
    const std::scoped_lock lock(mutex_);
    const std::string path = path_of(key);
    const File file(path, O_RDONLY);
    if (!file.is_open()) {
      // A folder that went away must not look like one in which nothing was ever saved.
      if (errno == ENOENT && access(folder_.c_str(), F_OK) == 0) return std::nullopt;
      return failed(errno, "opening the checkpoint", path);
    }
    std::string text;
    if (!file.read_all(text)) return failed(errno, "reading the checkpoint", path);
    auto record = parse_checkpoint(text);
    if (record) return std::optional(std::move(*record));
    return fail(Errc::corrupt,
                concat("the checkpoint ", quoted(path), " is of no use: ", record.error().message,
                       ". Restore it, or remove it to project everything again"));
  }

  [[nodiscard]] Result<void> save(std::string_view key, const CheckpointRecord& record) override {
    const std::scoped_lock lock(mutex_);
    const std::string path = path_of(key);
    const std::string beside = concat(path, ".", getpid(), ".new");  // others may write it, too
    {
      const File file(beside, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW);
      if (!file.is_open()) return failed(errno, "making the checkpoint", beside);
      if (!file.write_all(format_checkpoint(record)) || fsync(file.get()) != 0) {
        const int reason = errno;
        unlink(beside.c_str());
        return failed(reason, "writing the checkpoint", beside);
      }
    }
    if (rename(beside.c_str(), path.c_str()) != 0) {
      const int reason = errno;
      unlink(beside.c_str());
      return failed(reason, "putting in place the checkpoint", path);
    }
    const File folder(folder_, O_RDONLY | O_DIRECTORY);
    if (!folder.is_open() || (fsync(folder.get()) != 0 && errno != EINVAL)) {
      return failed(errno, "syncing the folder", folder_);
    }
    return {};
  }

 private:
  [[nodiscard]] std::string path_of(std::string_view key) const {
    return concat(folder_, "/", to_subject_token(key), ".checkpoint");
  }

  std::string folder_;
  std::mutex mutex_;  // one at a time writes the file beside
};

class MemoryCheckpoints final : public CheckpointStore {
 public:
  [[nodiscard]] Result<std::optional<CheckpointRecord>> load(std::string_view key) override {
    const std::scoped_lock lock(mutex_);
    const auto found = records_.find(key);
    if (found == records_.end()) return std::nullopt;
    return found->second;
  }

  [[nodiscard]] Result<void> save(std::string_view key, const CheckpointRecord& record) override {
    const std::scoped_lock lock(mutex_);
    records_.insert_or_assign(std::string(key), record);
    return {};
  }

 private:
  std::mutex mutex_;  // guards records_
  std::map<std::string, CheckpointRecord, std::less<>> records_;
};

}  // namespace

Result<std::unique_ptr<CheckpointStore>> open_file_checkpoints(const std::string& folder) {
  struct stat found{};
  if (stat(folder.c_str(), &found) != 0) {
    if (errno != ENOENT) return failed(errno, "looking at the folder", folder);
    return fail(Errc::not_found,
                concat("there is no folder ", quoted(folder), " for checkpoints: make it first"));
  }
  if (!S_ISDIR(found.st_mode)) {
    return fail(Errc::invalid_argument,
                concat(quoted(folder), " is no folder: checkpoints are files in one"));
  }
  if (access(folder.c_str(), R_OK | W_OK | X_OK) != 0) {
    return failed(errno, "using the folder", folder);
  }
  return std::make_unique<FileCheckpoints>(folder);
}

std::unique_ptr<CheckpointStore> make_memory_checkpoints() {
  return std::make_unique<MemoryCheckpoints>();
}

}  // namespace aether
