// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <span>

namespace aether::cli {

/// Something that one thread waits for and others bring about. Stays raised. What was done before
/// `raise` is seen by who has seen `is_raised`.
class Wakeup {
 public:
  Wakeup();
  ~Wakeup();
  Wakeup(const Wakeup&) = delete;
  Wakeup& operator=(const Wakeup&) = delete;

  void raise();                          ///< from any thread
  [[nodiscard]] bool is_raised() const;  ///< from any thread
  /// Readable once it is raised.
  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_;
  // Not only the descriptor: poll(2) is no synchronization that the language knows.
  std::atomic<bool> raised_ = false;
};

/// Without an end.
inline constexpr std::chrono::milliseconds kForEver{-1};

/// Waits until one of `inputs` is readable (or at its end), or `output`, where not negative, has
/// lost its reader, or the time is over. False: the time is over.
bool wait_for_any(std::span<const int> inputs, int output, std::chrono::milliseconds timeout);

}  // namespace aether::cli
