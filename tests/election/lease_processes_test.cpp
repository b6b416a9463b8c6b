// SPDX-License-Identifier: Apache-2.0
//
// Processes that stand for one leadership over real servers, while they are killed, stopped and cut
// off. script/cluster-test does it at full length.
#include "aether/nats/registry.hpp"
#include "election/lease_peers.hpp"
#include "nats/settings.hpp"
#include "testing/waiting.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace aether::tests {
namespace {

using std::chrono::milliseconds;
using testing::eventually;

constexpr milliseconds kTtl{600};

milliseconds at(const std::vector<milliseconds>& sorted, double part) {
  if (sorted.empty()) return milliseconds(0);
  const double place = std::ceil(part * static_cast<double>(sorted.size()));
  return sorted[std::clamp<std::size_t>(static_cast<std::size_t>(place), 1, sorted.size()) - 1];
}

/// Kills, stops (for 0.1 to 3 ttl) and cuts off, by chance: the one that leads, and often another.
class Chaos {
 public:
  Chaos(LeasePeers& peers, std::uint64_t seed) : peers_(peers), random_(seed) {}

  void round() {
    const auto leading = peers_.wait_for_leader();
    ASSERT_TRUE(leading) << "nobody leads";
    // At any moment between two renewals, and not always right after the first.
    std::this_thread::sleep_for(milliseconds(pick(kTtl.count() / 2)));
    const std::int64_t begun = boot_time();
    const bool is_killed = harm(leading->holder);
    if (chance(2)) harm((leading->holder + 1 + pick(peers_.size() - 1)) % peers_.size());
    peers_.heal_in_time();
    if (!is_killed) return;
    const auto next = peers_.wait_for_leader(leading->record.epoch);
    ASSERT_TRUE(next) << "nobody leads after epoch " << leading->record.epoch;
    const auto took = std::chrono::nanoseconds(next->record.from - begun);
    failovers_.push_back(std::chrono::duration_cast<milliseconds>(took));
  }

  [[nodiscard]] std::size_t faults() const { return faults_; }

  void report() {
    std::ranges::sort(failovers_);
    std::cout << faults_ << " faults; from a kill of the leader to the next leader, with a ttl of "
              << kTtl.count() << " ms: " << failovers_.size() << " times, p50 "
              << at(failovers_, 0.5).count() << " ms, p99 " << at(failovers_, 0.99).count()
              << " ms\n";
  }

 private:
  std::size_t pick(std::size_t count) { return random_() % count; }
  bool chance(std::size_t one_of) { return pick(one_of) == 0; }

  /// True: it was killed.
  bool harm(std::size_t peer) {
    ++faults_;
    const milliseconds time(kTtl.count() / 10 +
                            static_cast<std::int64_t>(pick(kTtl.count() * 29 / 10)));
    switch (pick(peers_.can_cut_off() ? 3 : 2)) {
      case 0:
        peers_.kill(peer);
        return true;
      case 1:
        peers_.stop(peer, time);
        return false;
      default:
        peers_.cut_off(peer, time);
        return false;
    }
  }

  LeasePeers& peers_;
  std::mt19937_64 random_;
  std::size_t faults_ = 0;
  std::vector<milliseconds> failovers_;
};

TEST(LeaseProcesses, NoTwoLeadAtOnceWhateverHappensToThem) {
  const std::size_t faults = setting("AETHER_LEASE_FAULTS", 14);
  LeasePeers peers({.count = 5, .ttl = kTtl});
  Chaos chaos(peers, setting("AETHER_SEED", 1));

  while (chaos.faults() < faults && !::testing::Test::HasFailure()) chaos.round();

  const auto tenures = peers.end();
  EXPECT_EQ(fault_of(tenures), "");
  EXPECT_GT(tenures.size(), faults / 4) << "the faults changed next to nothing";
  chaos.report();
}

// Of the test itself: a process that goes on for a while after its lease is over is found out.
TEST(LeaseProcesses, OneThatGoesOnWithoutItsLeaseIsFoundOut) {
  LeasePeers peers({.count = 3, .ttl = kTtl, .are_reckless = true});
  const auto leading = peers.wait_for_leader();
  ASSERT_TRUE(leading);

  peers.stop(leading->holder, kTtl * 3);
  ASSERT_TRUE(peers.wait_for_leader(leading->record.epoch));
  peers.heal_in_time();

  EXPECT_TRUE(eventually([&] { return !fault_of(peers.tenures()).empty(); }));
}

TEST(LeaseProcesses, AnOutageOfAllServersChangesNoLeader) {
  const milliseconds outage(setting("AETHER_OUTAGE_MS", 2'500));
  if (outage.count() == 0) GTEST_SKIP() << "three servers take long to find each other again";
  LeasePeers peers({.count = 5, .ttl = milliseconds(1'500)});
  const auto before = peers.wait_for_leader();
  ASSERT_TRUE(before);

  peers.stop_servers(outage);

  const auto after = peers.wait_for_leader(before->record.epoch);
  ASSERT_TRUE(after);
  EXPECT_EQ(after->holder, before->holder) << "the last holder may go on at once";
  const auto tenures = peers.end();
  EXPECT_EQ(fault_of(tenures), "");
  EXPECT_EQ(
      std::ranges::count_if(
          tenures, [&](const Tenure& one) { return one.record.epoch > before->record.epoch; }),
      1)
      << "nobody else took it";
}

TEST(LeaseProcesses, TheDeathOfOneOfThreeServersChangesNoLeader) {
  if (!LeasePeers::has_three_servers()) GTEST_SKIP() << "there is one server";
  LeasePeers peers({.count = 3, .ttl = milliseconds(3'000)});
  const auto before = peers.wait_for_leader();
  ASSERT_TRUE(before);

  peers.kill_a_server_that_does_not_lead();

  const std::int64_t later = boot_time() + std::chrono::nanoseconds(milliseconds(4'500)).count();
  ASSERT_TRUE(eventually([&] {
    const auto now = peers.last();
    return now && now->record.until > later;
  }));
  EXPECT_EQ(peers.last()->record.epoch, before->record.epoch);
  EXPECT_EQ(fault_of(peers.end()), "");
}

TEST(LeaseProcesses, FaultsOfTenuresAreFound) {
  const auto tenure = [](std::size_t holder, std::uint64_t epoch, std::int64_t from,
                         std::int64_t until) {
    return Tenure{.holder = holder, .record = {.epoch = epoch, .from = from, .until = until}};
  };
  EXPECT_EQ(fault_of({tenure(1, 5, 30, 40), tenure(0, 1, 10, 20), tenure(1, 9, 41, 41)}), "");
  EXPECT_NE(fault_of({tenure(1, 5, 20, 40), tenure(0, 1, 10, 20)}), "");
  EXPECT_NE(fault_of({tenure(1, 5, 30, 40), tenure(0, 5, 50, 60)}), "");
  EXPECT_NE(fault_of({tenure(1, 5, 30, 40), tenure(0, 6, 10, 20)}), "");
}

}  // namespace
}  // namespace aether::tests
