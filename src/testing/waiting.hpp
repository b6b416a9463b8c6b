// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>

namespace aether::testing {

/// How long a case waits for something that a right store does at once, before it fails. 30 s, or
/// AETHER_TESTING_PATIENCE_MS milliseconds where the environment has it: a test that plants a lost
/// wake-up need not wait as long as a test on a busy machine may have to.
[[nodiscard]] std::chrono::milliseconds patience();

/// Looks again and again, for what nobody can tell of, until `condition` holds or patience ends.
/// Returns whether it holds.
[[nodiscard]] bool eventually(const std::function<bool()>& condition);

/// A door that is opened once.
class Gate {
 public:
  void open();
  /// False: patience ended before it was opened.
  [[nodiscard]] bool pass();

 private:
  std::mutex mutex_;  // guards open_
  std::condition_variable opened_;
  bool open_ = false;
};

/// Runs `work(0)` … `work(count - 1)` on a thread each. All begin together; returns when all ended.
void run_together(std::size_t count, const std::function<void(std::size_t)>& work);

}  // namespace aether::testing
