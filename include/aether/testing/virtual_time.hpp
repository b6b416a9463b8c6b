// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/scheduler.hpp"

#include <chrono>
#include <functional>
#include <memory>

namespace aether::testing {

/// A world in which time passes when it is told to, with a scheduler for each node in it.
///
/// Tasks run within `advance`, `run_until` and `step`, on the thread that calls these, in the order
/// of their times, and of one time in the order of posting: the same at each run. They may be
/// posted from any thread. Whatever is not done when the world ends is dropped.
class VirtualTime {
 public:
  VirtualTime();
  ~VirtualTime();
  VirtualTime(const VirtualTime&) = delete;
  VirtualTime& operator=(const VirtualTime&) = delete;

  /// A node's scheduler, whose clock runs `rate` times as fast as the world's: with 1.05, a task
  /// for in 105 ms runs when 100 ms have passed. All clocks show the same when they are made now.
  /// May outlive the world, and then does nothing. Destroying it drops its tasks.
  [[nodiscard]] std::shared_ptr<Scheduler> scheduler(double rate = 1.0);

  [[nodiscard]] BootTime now() const;

  /// Lets time pass, and runs what is due meanwhile, each task at its time.
  void advance(std::chrono::nanoseconds by);
  void run_until(BootTime time);

  /// Lets time pass until `condition` holds, looking after each task, for `limit` at most. Returns
  /// whether it holds.
  [[nodiscard]] bool run_until(const std::function<bool()>& condition,
                               std::chrono::nanoseconds limit = std::chrono::hours(1));

  /// Goes to the time of the next task and runs it. False: there is none.
  bool step();

 private:
  class World;
  class Node;

  const std::shared_ptr<World> world_;
};

}  // namespace aether::testing
