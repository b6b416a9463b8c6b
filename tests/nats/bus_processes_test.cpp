// SPDX-License-Identifier: Apache-2.0
//
// Ten processes on one bus, while its server dies and comes back, and while the connections of the
// publishers alone are cut. script/nats-test does it at full length.
#include "aether/nats/bus.hpp"
#include "nats/bus_peer.hpp"
#include "nats/chosen_servers.hpp"
#include "nats/nats_server.hpp"
#include "nats/process.hpp"
#include "nats/settings.hpp"
#include "nats/tcp_proxy.hpp"
#include "temporary_folder.hpp"
#include "testing/waiting.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <numeric>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace aether::tests {
namespace {

using testing::eventually;

constexpr std::size_t kPeers = 10;
constexpr std::size_t kCounters = 9;
constexpr std::uint64_t kBetween = 100;  // events of each peer between two faults

/// Hears how far each peer is.
class Progress {
 public:
  explicit Progress(const std::string& url)
      : bus_(*nats::open_bus(
            *nats::connect({.urls = {url},
                            .reconnect = {.wait = std::chrono::milliseconds(20),
                                          .jitter = std::chrono::milliseconds(10)}}))),
        subscription_(*bus_->subscribe(*NamespacePattern::parse("prod.*"), {}, {},
                                       [this](const Namespace&, const EventPtr& event) {
                                         const std::scoped_lock lock(mutex_);
                                         ++counts_[event->actor_id];
                                       })) {}

  /// Waits until each peer was heard so many times more.
  [[nodiscard]] bool wait_for_more(std::uint64_t count) {
    {
      const std::scoped_lock lock(mutex_);
      counts_.clear();
    }
    return eventually([&] {
      const std::scoped_lock lock(mutex_);
      return counts_.size() == kPeers &&
             std::ranges::all_of(counts_, [&](const auto& one) { return one.second >= count; });
    });
  }

 private:
  std::mutex mutex_;  // guards counts_
  std::map<std::string, std::uint64_t> counts_;
  std::unique_ptr<nats::Bus> bus_;
  Subscription subscription_;
};

class BusProcesses : public ::testing::Test {
 protected:
  void start_peers() {
    const std::string program = AETHER_NATS_BUS_PEER;
    for (std::size_t i = 0; i < kPeers; ++i) {
      peers_.push_back(std::make_unique<Process>(
          std::vector<std::string>{program, server_.url(), publishers_.url(), folder_.path(),
                                   std::to_string(i), std::to_string(kPeers)},
          folder_.file("log")));
    }
  }
  /// All of them, in order; fewer where one says nothing.
  std::vector<Numbers> wait_for_all(const std::string& what) {
    std::vector<Numbers> said;
    for (std::size_t i = 0; i < kPeers; ++i) {
      const std::string path = folder_.file(what + "-" + std::to_string(i));
      EXPECT_TRUE(eventually([&] { return is_said(path) || peers_[i]->has_ended(); }));
      if (!is_said(path)) {
        ADD_FAILURE() << "peer " << i << " says nothing: " << log();
        break;
      }
      said.push_back(read_numbers(path));
    }
    return said;
  }
  /// The publishers' connections, with what is in them.
  void lose_what_is_published() {
    publishers_.stall();
    std::this_thread::sleep_for(std::chrono::milliseconds(30));  // so that there is something
    publishers_.cut();
    publishers_.resume();
  }
  std::string log() const {
    std::ostringstream text;
    text << std::ifstream(folder_.file("log")).rdbuf();
    return std::move(text).str();
  }

  const TemporaryFolder folder_;
  NatsServer server_{{.version = chosen_version(), .jetstream = false}};
  TcpProxy publishers_{server_.port()};  // all publish by it, and by nothing else
  std::vector<std::unique_ptr<Process>> peers_;
};

TEST_F(BusProcesses, WhatIsReceivedOrDroppedAndWhatGapsTellIsWhatWasPublished) {
  const std::size_t deaths = setting("AETHER_NATS_BUS_DEATHS", 2);
  Progress progress(server_.url());
  start_peers();
  ASSERT_EQ(wait_for_all("ready").size(), kPeers);

  say(folder_.file("go"));
  ASSERT_EQ(wait_for_all("started").size(), kPeers);
  for (std::size_t i = 0; i < deaths; ++i) {
    server_.kill_9();
    server_.restart();
    ASSERT_TRUE(progress.wait_for_more(kBetween)) << log();
    lose_what_is_published();
    ASSERT_TRUE(progress.wait_for_more(kBetween)) << log();
  }
  say(folder_.file("stop"));
  const auto published = wait_for_all("published");
  ASSERT_EQ(published.size(), kPeers);
  Numbers totals;
  for (const Numbers& one : published) totals.push_back(one.at(0));
  say(folder_.file("totals"), totals);
  const auto reports = wait_for_all("report");
  ASSERT_EQ(reports.size(), kPeers);

  const auto all_published = std::accumulate(totals.begin(), totals.end(), std::uint64_t{0});
  std::uint64_t all = 0;
  std::uint64_t all_missed = 0;
  std::uint64_t all_dropped = 0;
  for (std::size_t i = 0; i < kPeers; ++i) {
    const Numbers& report = reports[i];
    ASSERT_EQ(report.size(), kCounters + 3 * kPeers);
    EXPECT_EQ(report[0], report[1] + report[2]) << "received = delivered + dropped";
    EXPECT_EQ(report[2], 0U) << "dropped";
    EXPECT_GE(report[3], deaths) << "gaps";
    EXPECT_EQ(report[4], 0U) << "no event";
    std::uint64_t received = 0;
    std::uint64_t missed = 0;
    for (std::size_t from = 0; from < kPeers; ++from) {
      const std::size_t at = kCounters + 3 * from;
      const PeerSeen seen{
          .received = report[at], .missed = report[at + 1], .wrong = report[at + 2]};
      EXPECT_EQ(seen.received + seen.missed, totals[from]) << from << " → " << i;
      EXPECT_EQ(seen.wrong, 0U) << from << " → " << i;
      received += seen.received;
      missed += seen.missed;
    }
    EXPECT_EQ(received, report[1]) << "delivered";
    EXPECT_EQ(report[6], report[7]) << "dropped for want of room, and told so";
    EXPECT_EQ(report[5] + report[6] + report[8], all_published)
        << "delivered + dropped + missing, of the slow one";
    all += received;
    all_missed += missed;
    all_dropped += report[6];
  }
  EXPECT_GT(all_missed, 0U) << "no fault has lost anything: what was tested?";
  EXPECT_GT(all_dropped, 0U);
  std::cout << "bus: " << deaths << " deaths of the server and as many cuts, " << all
            << " events received, " << all_missed << " told as missing, " << all_dropped
            << " dropped by slow ones, none unaccounted for\n";
}

}  // namespace
}  // namespace aether::tests
