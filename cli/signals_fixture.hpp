// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "signals.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>

namespace aether::cli::testing {

/// `Signals` block signals in the thread that makes them. Here they are afterwards as they were,
/// for the tests that follow.
class SignalsFixture : public ::testing::Test {
 protected:
  void SetUp() override { pthread_sigmask(SIG_SETMASK, nullptr, &mask_); }
  void TearDown() override { pthread_sigmask(SIG_SETMASK, &mask_, nullptr); }

  /// As a terminal does it on Ctrl-C.
  static void interrupt(const Signals& signals) {
    ::kill(::getpid(), SIGINT);
    const std::array<int, 1> inputs{signals.fd()};
    EXPECT_TRUE(wait_for_any(inputs, -1, std::chrono::minutes(1)));
  }

 private:
  sigset_t mask_{};
};

}  // namespace aether::cli::testing
