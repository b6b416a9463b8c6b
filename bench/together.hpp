// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sample.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <latch>
#include <thread>
#include <vector>

namespace aether::bench {

/// Runs `work(0)` to `work(threads - 1)` on threads that begin at one moment, and times from there
/// until the last is done.
template <class Work>
void time_together(Meter& meter, std::uint64_t operations, std::size_t threads, const Work& work) {
  std::latch ready(static_cast<std::ptrdiff_t>(threads));
  std::atomic<bool> begun{false};
  std::vector<std::jthread> all;
  all.reserve(threads);
  for (std::size_t i = 0; i < threads; ++i) {
    all.emplace_back([&, i] {
      ready.count_down();
      begun.wait(false);
      work(i);
    });
  }
  ready.wait();
  meter.time(operations, [&] {
    begun.store(true);
    begun.notify_all();
    all.clear();  // joins
  });
}

}  // namespace aether::bench
