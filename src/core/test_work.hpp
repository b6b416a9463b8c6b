// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/executor.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <utility>

namespace aether {

class Work final : public Activity {
 public:
  Work(std::shared_ptr<Executor> executor, std::function<bool()> work)
      : Activity(std::move(executor)), work_(std::move(work)) {}

 private:
  bool turn() noexcept override { return work_(); }

  std::function<bool()> work_;
};

inline std::shared_ptr<Executor> make(const ExecutorOptions& options = {}) {
  return Executor::make(options).value();
}

/// Stopped before it is let go.
inline std::shared_ptr<Work> activity(std::shared_ptr<Executor> executor,
                                      std::function<bool()> work) {
  auto made = std::make_shared<Work>(std::move(executor), std::move(work));
  Work* const plain = made.get();
  return {plain, [made = std::move(made)](Work* one) { one->stop(); }};
}

/// Counts its turns, and does nothing else.
struct Counted {
  explicit Counted(const std::shared_ptr<Executor>& executor)
      : work(activity(executor, [count = turns] {
          ++*count;
          return false;
        })) {}

  std::shared_ptr<std::atomic<int>> turns = std::make_shared<std::atomic<int>>(0);
  std::shared_ptr<Work> work;
};

/// Holds up its thread until the `testing::Gate` opens.
template <class Gate>
std::shared_ptr<Work> blocked(const std::shared_ptr<Executor>& executor, Gate& gate) {
  auto work = activity(executor, [&gate] {
    EXPECT_TRUE(gate.pass());
    return false;
  });
  work->wake();
  return work;
}

}  // namespace aether
