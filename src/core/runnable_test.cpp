// SPDX-License-Identifier: Apache-2.0
#include "core/runnable.hpp"

#include "testing/waiting.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <thread>

namespace aether {
namespace {

TEST(Runnable, AThreadIsUntilItSleeps) {
  testing::Gate gate;
  std::atomic<pid_t> other{0};
  const std::jthread thread([&] {
    other = gettid();
    EXPECT_TRUE(gate.pass());
  });

  EXPECT_TRUE(is_runnable(gettid()));
  EXPECT_TRUE(testing::eventually([&] { return other != 0 && !is_runnable(other); }));
  gate.open();
}

TEST(Runnable, AThreadThatIsNotThereIsNot) { EXPECT_FALSE(is_runnable(0)); }

}  // namespace
}  // namespace aether
