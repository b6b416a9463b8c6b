// SPDX-License-Identifier: Apache-2.0
#include "testing/waiting.hpp"

#include <cstdlib>
#include <latch>
#include <thread>
#include <vector>

namespace aether::testing {

std::chrono::milliseconds patience() {
  static constexpr std::chrono::seconds kDefaultPatience{30};
  static const std::chrono::milliseconds chosen = [] {
    const char* text = std::getenv("AETHER_TESTING_PATIENCE_MS");
    const long long given = text == nullptr ? 0 : std::strtoll(text, nullptr, 10);
    return given > 0 ? std::chrono::milliseconds(given) : kDefaultPatience;
  }();
  return chosen;
}

bool eventually(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + patience();
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::microseconds(200));  // leaves the processor to others
  }
  return true;
}

void Gate::open() {
  const std::scoped_lock lock(mutex_);
  open_ = true;
  opened_.notify_all();  // under the lock: who passes may destroy the gate
}

bool Gate::pass() {
  std::unique_lock lock(mutex_);
  return opened_.wait_for(lock, patience(), [this] { return open_; });
}

void run_together(std::size_t count, const std::function<void(std::size_t)>& work) {
  std::latch start(static_cast<std::ptrdiff_t>(count));
  std::vector<std::jthread> threads;
  threads.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    threads.emplace_back([&start, &work, i] {
      start.arrive_and_wait();
      work(i);
    });
  }
}

}  // namespace aether::testing
