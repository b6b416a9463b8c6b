// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "signals.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstddef>

namespace aether::cli::testing {

/// `Signals` block signals in the thread that makes them. Here they are afterwards as they were,
/// for the tests that follow; and before, neither blocked nor ignored, whoever runs the tests.
class SignalsFixture : public ::testing::Test {
 protected:
  void SetUp() override {
    sigset_t watched;
    sigemptyset(&watched);
    struct sigaction usual{};
    usual.sa_handler = SIG_DFL;
    for (std::size_t i = 0; i < kWatched.size(); ++i) {
      sigaddset(&watched, kWatched.at(i));
      ::sigaction(kWatched.at(i), &usual, &actions_.at(i));
    }
    pthread_sigmask(SIG_UNBLOCK, &watched, &mask_);
  }
  void TearDown() override {
    pthread_sigmask(SIG_SETMASK, &mask_, nullptr);
    for (std::size_t i = 0; i < kWatched.size(); ++i) {
      ::sigaction(kWatched.at(i), &actions_.at(i), nullptr);
    }
  }

  /// As a terminal does it on Ctrl-C.
  static void interrupt(const Signals& signals) {
    ::kill(::getpid(), SIGINT);
    const std::array<int, 1> inputs{signals.fd()};
    EXPECT_TRUE(wait_for_any(inputs, -1, std::chrono::minutes(1)));
  }

 private:
  static constexpr std::array kWatched{SIGINT, SIGTERM, SIGUSR1};
  sigset_t mask_{};
  std::array<struct sigaction, kWatched.size()> actions_{};
};

}  // namespace aether::cli::testing
