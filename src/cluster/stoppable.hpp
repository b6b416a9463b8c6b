// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

namespace aether {

/// Calls that can be stopped: once that is over, none begins, and none runs, but for one within
/// which it was stopped. Calls come one at a time.
class Stoppable {
 public:
  template <class Call>
  void call(Call&& call) {
    {
      const std::scoped_lock lock(mutex_);
      if (stopped_) return;
      caller_ = std::this_thread::get_id();
    }
    std::forward<Call>(call)();
    const std::scoped_lock lock(mutex_);
    caller_ = {};
    idle_.notify_all();
  }

  void stop() {
    std::unique_lock lock(mutex_);
    stopped_ = true;
    if (caller_ == std::this_thread::get_id()) return;
    idle_.wait(lock, [this] { return caller_ == std::thread::id(); });
  }

 private:
  std::mutex mutex_;
  std::condition_variable idle_;
  bool stopped_ = false;
  std::thread::id caller_;  // who is within a call; none: nobody
};

}  // namespace aether
