// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "wakeup.hpp"

#include <atomic>
#include <stop_token>
#include <thread>

namespace aether::cli {

/// Turns the first SIGINT or SIGTERM into a stop request. The second one kills, as ever. One that
/// the parent has ignored stays ignored.
///
/// Make it before any other thread: those started later inherit that the signals are blocked.
class Signals {
 public:
  Signals();
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  [[nodiscard]] std::stop_token token() const { return stop_.get_token(); }

  /// Readable once a signal has come; for those who wait on a file, too.
  [[nodiscard]] int fd() const { return came_.fd(); }

  /// The signal that came, or 0.
  [[nodiscard]] int caught() const { return caught_.load(); }

 private:
  void wait();

  std::stop_source stop_;
  Wakeup came_;
  std::atomic<int> caught_{0};
  std::atomic<bool> ending_{false};
  std::thread thread_;
};

}  // namespace aether::cli
