// SPDX-License-Identifier: Apache-2.0
#include "interruption.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <future>

namespace aether::cli {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

/// Signals are blocked in a test, and then as they were.
class InterruptionTest : public ::testing::Test {
 protected:
  void SetUp() override { pthread_sigmask(SIG_SETMASK, nullptr, &mask_); }
  void TearDown() override { pthread_sigmask(SIG_SETMASK, &mask_, nullptr); }

  static void interrupt(const Signals& signals) {
    ::kill(::getpid(), SIGINT);
    const std::array<int, 1> inputs{signals.fd()};
    EXPECT_TRUE(wait_for_any(inputs, -1, std::chrono::minutes(1)));
  }

 private:
  sigset_t mask_{};
};

TEST_F(InterruptionTest, ACallThatMayBeLeftReturnsWhatTheWorkReturns) {
  const Signals signals;

  EXPECT_EQ(unless_interrupted(signals, [] { return 42; }), 42);
}

TEST_F(InterruptionTest, ACallThatMayBeLeftDoesNotWaitForWorkAfterASignal) {
  const Signals signals;
  std::promise<void> release;
  std::promise<void> ended;
  auto has_ended = ended.get_future();
  interrupt(signals);

  const auto result = unless_interrupted(
      signals, [gate = release.get_future(), ended = std::move(ended)]() mutable {
        gate.wait();
        ended.set_value_at_thread_exit();
        return 42;
      });

  EXPECT_FALSE(result.has_value());
  release.set_value();
  has_ended.wait();
}

TEST_F(InterruptionTest, AnActionActsAfterASignalAndTheGrace) {
  const Signals signals;
  std::promise<void> acted;
  const OnInterrupt on_interrupt(signals, milliseconds(1), [&] { acted.set_value(); });

  interrupt(signals);

  EXPECT_EQ(acted.get_future().wait_for(hours(1)), std::future_status::ready);
}

TEST_F(InterruptionTest, AnActionDoesNothingWhereAllEndsWithinTheGrace) {
  std::atomic<bool> acted = false;
  {
    const Signals signals;
    const OnInterrupt on_interrupt(signals, hours(1), [&] { acted = true; });
    interrupt(signals);
  }
  EXPECT_FALSE(acted);
}

TEST_F(InterruptionTest, AnActionDoesNothingWithoutASignal) {
  std::atomic<bool> acted = false;
  {
    const Signals signals;
    const OnInterrupt on_interrupt(signals, milliseconds(0), [&] { acted = true; });
  }
  EXPECT_FALSE(acted);
}

}  // namespace
}  // namespace aether::cli
