// SPDX-License-Identifier: Apache-2.0
#include "input.hpp"

#include "text.hpp"
#include "wakeup.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

namespace aether::cli {
namespace {

constexpr std::size_t kChunkBytes = std::size_t{64} * 1024;
constexpr std::chrono::milliseconds kIdlePeriod{100};

Errc code_of(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return Errc::not_found;
    case EACCES:
    case EPERM:
      return Errc::permission_denied;
    case EISDIR:
      return Errc::invalid_argument;
    default:
      return Errc::unavailable;
  }
}

std::unexpected<Error> fail_with(int error, const std::string& what) {
  return fail(code_of(error),
              "cannot read " + what + ": " + std::generic_category().message(error));
}

/// Appends what can be had of `fd` to `buffer`. False at the end.
Result<bool> read_more(int fd, int interrupt, const std::string& what, std::string& buffer,
                       const std::function<void()>& idle) {
  const std::array<int, 2> inputs{fd, interrupt};
  while (!wait_for_any(inputs, -1, kIdlePeriod)) {
    if (idle) idle();
  }
  if (wait_for_any(std::span(inputs).last(1), -1, std::chrono::milliseconds(0))) {
    return fail(Errc::closed, "interrupted while reading " + what);
  }
  const std::size_t old_size = buffer.size();
  buffer.resize(old_size + kChunkBytes);
  const ssize_t count = ::read(fd, buffer.data() + old_size, kChunkBytes);
  const int error = errno;
  buffer.resize(old_size + (count > 0 ? static_cast<std::size_t>(count) : 0));
  if (count >= 0) return count > 0;
  if (error == EINTR || error == EAGAIN) return true;
  return fail_with(error, what);
}

Result<std::string> read_to_end(int fd, int interrupt, const std::string& what) {
  std::string text;
  while (true) {
    auto more = read_more(fd, interrupt, what, text, {});
    if (!more) return std::unexpected(std::move(more.error()));
    if (!*more) return text;
    if (text.size() > kMaxInputBytes) {
      return fail(Errc::too_large, what + " is larger than " + count_of(kMaxInputBytes, "byte"));
    }
  }
}

}  // namespace

Result<std::string> read_input(std::string_view source, int interrupt) {
  if (source == "-") return read_to_end(STDIN_FILENO, interrupt, "standard input");
  const std::string path(source.substr(1));
  const std::string what = "\"" + path + "\"";
  // Not blocked by a named pipe that nobody has opened for writing yet: that wait can be ended.
  const int fd = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return fail_with(errno, what);
  auto text = read_to_end(fd, interrupt, what);
  ::close(fd);
  return text;
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const auto begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

Result<std::optional<std::string_view>> LineReader::next() {
  std::size_t end = buffer_.find('\n', begin_);
  while (end == std::string::npos && !at_end_) {
    buffer_.erase(0, std::exchange(begin_, 0));
    if (buffer_.size() > kMaxInputBytes) {
      return fail(Errc::too_large, "the line is longer than " + count_of(kMaxInputBytes, "byte"));
    }
    const std::size_t searched = buffer_.size();
    const auto more = read_more(STDIN_FILENO, interrupt_, "standard input", buffer_, idle_);
    if (!more) return std::unexpected(more.error());
    at_end_ = !*more;
    end = buffer_.find('\n', searched);
  }
  if (begin_ == buffer_.size()) return std::nullopt;
  const std::size_t stop = std::min(end, buffer_.size());
  const auto text = std::string_view(buffer_).substr(begin_, stop - begin_);
  begin_ = std::min(stop + 1, buffer_.size());
  bytes_ += text.size() + 1;
  ++line_;
  return text;
}

}  // namespace aether::cli
