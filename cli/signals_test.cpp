// SPDX-License-Identifier: Apache-2.0
#include "signals.hpp"

#include "aether/sqlite/store.hpp"
#include "signals_fixture.hpp"
#include "verbs.hpp"

#include <gtest/gtest.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <string>
#include <thread>

namespace aether::cli {
namespace {

class SignalsTest : public testing::SignalsFixture {
 protected:
  /// Sent to the process, and not taken by the thread that waits for it yet.
  static bool is_pending(int signal) {
    sigset_t pending;
    sigpending(&pending);
    return sigismember(&pending, signal) == 1;
  }
};

TEST_F(SignalsTest, TheFirstOneRequestsAStop) {
  const Signals signals;
  EXPECT_EQ(signals.caught(), 0);
  EXPECT_FALSE(signals.token().stop_requested());

  interrupt(signals);

  EXPECT_EQ(signals.caught(), SIGINT);
  EXPECT_TRUE(signals.token().stop_requested());
}

TEST_F(SignalsTest, AStrayWakeUpEndsNothing) {
  const Signals signals;
  ::kill(::getpid(), SIGUSR1);
  while (is_pending(SIGUSR1)) std::this_thread::yield();

  interrupt(signals);

  EXPECT_EQ(signals.caught(), SIGINT);
}

TEST_F(SignalsTest, WhatTheParentIgnoredStaysIgnored) {
  struct sigaction before{};
  struct sigaction ignore{};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGINT, &ignore, &before);
  {
    const Signals signals;
    ::kill(::getpid(), SIGINT);
    EXPECT_FALSE(is_pending(SIGINT));
    ::kill(::getpid(), SIGTERM);
    const std::array<int, 1> inputs{signals.fd()};
    EXPECT_TRUE(wait_for_any(inputs, -1, std::chrono::minutes(1)));
    EXPECT_EQ(signals.caught(), SIGTERM);
  }
  ::sigaction(SIGINT, &before, nullptr);
}

TEST_F(SignalsTest, EveryLongVerbStopsWithClosedAndLeavesNothingBehind) {
  std::string name = (std::filesystem::temp_directory_path() / "aether-cli-XXXXXX").string();
  const std::string folder = ::mkdtemp(name.data());
  {
    const auto store = sqlite::open(folder + "/events.db");
    ASSERT_TRUE(store.has_value());
    const Event event{.event_type = "T", .actor_id = "a"};
    ASSERT_TRUE((*store)->append(event).has_value());
  }
  Console console({});
  const Signals signals;
  interrupt(signals);
  const std::string url = "sqlite:" + folder + "/events.db";
  const Session session{.store_url = url, .console = console, .signals = signals};

  const auto stops = [](const Outcome& outcome) {
    return !outcome && outcome.error().error.code == Errc::closed;
  };
  EXPECT_TRUE(stops(run(Tail{}, session)));
  EXPECT_TRUE(stops(run(Actors{}, session)));
  EXPECT_TRUE(stops(run(Verify{}, session)));
  EXPECT_TRUE(stops(run(MakeDigest{}, session)));
  EXPECT_TRUE(stops(run(Backup{.file = folder + "/copy.db"}, session)));
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    EXPECT_FALSE(entry.path().filename().string().starts_with("copy.db")) << entry.path();
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace aether::cli
