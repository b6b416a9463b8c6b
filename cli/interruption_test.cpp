// SPDX-License-Identifier: Apache-2.0
#include "interruption.hpp"

#include "signals_fixture.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>

namespace aether::cli {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

using InterruptionTest = testing::SignalsFixture;

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
        ended.set_value();
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
