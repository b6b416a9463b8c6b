// SPDX-License-Identifier: Apache-2.0
#include "output.hpp"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace aether::cli {
namespace {

constexpr std::size_t kBufferBytes = std::size_t{64} * 1024;
constexpr std::size_t kDefaultWidth = 80;  // of a terminal that does not say

/// 0, or the errno. Standard output may have been made non-blocking by whoever shares it.
int write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      pollfd ready{.fd = fd, .events = POLLOUT, .revents = 0};
      ::poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

bool is_set(const char* variable) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing in this program changes the environment
  const char* const value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

bool is_dumb() {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing in this program changes the environment
  const char* const terminal = std::getenv("TERM");
  return terminal == nullptr || std::string_view(terminal) == "dumb";
}

}  // namespace

void Output::write(std::string_view text) {
  if (!usable()) return;
  buffer_ += text;
  if (buffer_.size() >= kBufferBytes) flush();
}

void Output::flush() {
  if (usable()) error_ = write_all(fd_, buffer_);
  buffer_.clear();
}

int Output::error() const { return error_ == EPIPE ? 0 : error_; }

Style style_of(int fd, bool no_color) {
  if (::isatty(fd) != 1) return {};
  winsize size{};
  const bool known = ::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return {.colour = !no_color && !is_set("NO_COLOR") && !is_dumb(),
          .width = known ? size.ws_col : kDefaultWidth};
}

bool can_rewrite_line(int fd) { return ::isatty(fd) == 1 && !is_dumb(); }

std::string paint(std::string_view text, Ink ink, const Style& style) {
  if (!style.colour || ink == Ink::plain) return std::string(text);
  return (ink == Ink::red ? "\x1b[31m" : "\x1b[2m") + std::string(text) + "\x1b[0m";
}

}  // namespace aether::cli
