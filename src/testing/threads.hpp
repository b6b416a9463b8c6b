// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <iterator>
#include <thread>

namespace aether::testing {

/// How many threads this process has, its sanitizer's included.
inline std::size_t threads_of_this_process() {
  // A sanitizer starts its own thread with the first of ours, and keeps it.
  static const bool had_one = (std::thread([] {}).join(), true);
  static_cast<void>(had_one);
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return static_cast<std::size_t>(std::distance(begin(tasks), end(tasks)));
}

}  // namespace aether::testing
