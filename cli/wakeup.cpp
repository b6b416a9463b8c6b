// SPDX-License-Identifier: Apache-2.0
#include "wakeup.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <system_error>
#include <vector>

namespace aether::cli {

Wakeup::Wakeup() : fd_(::eventfd(0, EFD_CLOEXEC)) {
  if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

Wakeup::~Wakeup() { ::close(fd_); }

void Wakeup::raise() {
  raised_ = true;
  const std::uint64_t one = 1;
  // It fails only when it is raised 2^64 - 1 times already.
  [[maybe_unused]] const auto written = ::write(fd_, &one, sizeof one);
}

bool Wakeup::is_raised() const { return raised_; }

bool wait_for_any(std::span<const int> inputs, int output, std::chrono::milliseconds timeout) {
  std::vector<pollfd> fds;
  for (const int input : inputs) fds.push_back({.fd = input, .events = POLLIN, .revents = 0});
  // No event is asked for: POLLERR, the lost reader, is always reported.
  fds.push_back({.fd = output, .events = 0, .revents = 0});
  return ::poll(fds.data(), fds.size(), static_cast<int>(timeout.count())) > 0;
}

}  // namespace aether::cli
