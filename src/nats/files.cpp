// SPDX-License-Identifier: Apache-2.0
#include "nats/files.hpp"

#include "core/text.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace aether::nats {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{1024} * 1024;

std::unexpected<Error> unreadable(std::string_view what, const std::string& path, int reason) {
  const bool is_absent = reason == ENOENT || reason == ENOTDIR;
  const bool is_denied = reason == EACCES || reason == EPERM;
  Errc code = Errc::invalid_argument;
  if (is_absent) code = Errc::not_found;
  if (is_denied) code = Errc::permission_denied;
  return fail(code, concat("The ", what, " ", quoted(path),
                           " cannot be read: ", std::generic_category().message(reason), "."));
}

class OpenFile {
 public:
  explicit OpenFile(const std::string& path) : file_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~OpenFile() {
    if (file_ >= 0) close(file_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  [[nodiscard]] int number() const { return file_; }

 private:
  int file_;
};

}  // namespace

Result<std::string> read_small_file(std::string_view what, const std::string& path) {
  const OpenFile file(path);
  if (file.number() < 0) return unreadable(what, path, errno);
  std::string text;
  std::array<char, 4096> part{};
  while (true) {
    const ssize_t count = read(file.number(), part.data(), part.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return unreadable(what, path, errno);
    if (count == 0) return text;
    text.append(part.data(), static_cast<std::size_t>(count));
    if (text.size() > kMaxBytes) return unreadable(what, path, EFBIG);
  }
}

}  // namespace aether::nats
