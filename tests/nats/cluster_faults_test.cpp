// SPDX-License-Identifier: Apache-2.0
//
// What becomes of a store while the servers of its cluster die and fall silent. script/nats-test
// does it at full length.
#include "nats/cluster_faults.hpp"
#include "aether/store/audit.hpp"
#include "nats/chosen_servers.hpp"
#include "nats/follower.hpp"
#include "nats/settings.hpp"
#include "nats/stream_config.hpp"
#include "testing/history.hpp"
#include "testing/matchers.hpp"
#include "testing/waiting.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace aether::tests {
namespace {

using namespace std::chrono_literals;
using testing::check_history;
using testing::FinalState;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::Succeeds;

constexpr std::size_t kStores = 4;  // as many processes would have

std::vector<EventPtr> read_everything(EventStore& store) {
  std::vector<EventPtr> events;
  while (true) {
    const Position after = events.empty() ? 0 : events.back()->position;
    const auto page = store.read_all({}, after, 1'000);
    if (!page) throw std::runtime_error(page.error().message);
    if (page->events.empty()) return events;
    events.insert(events.end(), page->events.begin(), page->events.end());
  }
}

std::vector<FinalState> finals_of(const std::vector<EventPtr>& events) {
  std::map<std::string, FinalState> states;
  for (const EventPtr& event : events) {
    FinalState& state = states[event->actor_id];
    state.actor_id = event->actor_id;
    state.places.push_back({.version = event->version, .id = event->id});
  }
  std::vector<FinalState> finals;
  for (auto& [actor_id, state] : states) finals.push_back(std::move(state));
  return finals;
}

class ClusterFaultsTest : public ::testing::Test {
 protected:
  std::shared_ptr<nats::Connection> connect() {
    // A server that falls silent is left after one to two seconds.
    auto connection = nats::connect({.urls = cluster_.urls(),
                                     .connect_timeout = 500ms,
                                     .ping_interval = 500ms,
                                     .reconnect = {.wait = 50ms, .jitter = 20ms}});
    if (!connection) throw std::runtime_error(connection.error().message);
    return std::move(*connection);
  }
  std::unique_ptr<nats::Store> open_store() {
    auto store = nats::open(connect(), ns_, {.stream = {.replicas = kClusterSize}});
    if (!store) throw std::runtime_error(store.error().message);
    return std::move(*store);
  }

  /// Faults in turn, under load.
  void run(std::size_t faults, std::size_t appends, std::uint64_t seed) {
    std::vector<std::unique_ptr<nats::Store>> stores;
    std::vector<EventStore*> all;
    for (std::size_t i = 0; i < kStores; ++i) {
      stores.push_back(open_store());
      all.push_back(stores.back().get());
    }
    LeaderFaults leader(cluster_, connect(), nats::event_stream_name(ns_), seed);
    Load load(all, {.seed = seed});
    for (std::size_t i = 0; i < faults; ++i) {
      done_.push_back(leader.inflict(static_cast<Fault>(i % kFaultKinds), load, appends));
      restarted_.restart();
    }
    ended_ = std::chrono::steady_clock::now();
    load.stop();
    record_ = load.take_record();
  }

  void report(std::chrono::duration<double> took) const {
    std::cout << "nats-server " << name_of(chosen_version()) << ": " << done_.size()
              << " faults of the stream's leader in " << static_cast<int>(took.count()) << " s\n"
              << record_.acks.size() << " appends acknowledged (" << record_.events << " events), "
              << record_.refused << " refused, " << record_.reads << " histories read\n"
              << record_.unknown << " tries without an outcome (" << record_.found
              << " found stored by the repeat), " << record_.unavailable << " unavailable\n";
    report_pauses(std::cout, done_, ended_, record_.acks);
  }

  const Namespace ns_ = *Namespace::parse("faults");
  NatsCluster cluster_{{.version = chosen_version()}};
  const std::unique_ptr<nats::Store> store_ = open_store();  // of those who look on
  Follower steady_{*store_};
  Follower restarted_{*store_};
  std::vector<LeaderFaults::Done> done_;
  Time ended_{};  ///< the load, then
  LoadRecord record_;
};

/// What is wrong with what was recorded, in a few sentences at most.
std::vector<std::string> faults_in(const LoadRecord& record,
                                   const std::vector<FinalState>& finals) {
  constexpr std::size_t kEnough = 20;
  auto violations = check_history(record.operations, finals);
  violations.insert(violations.begin(), record.complaints.begin(), record.complaints.end());
  if (violations.size() <= kEnough) return violations;
  const std::size_t more = violations.size() - kEnough;
  violations.resize(kEnough);
  violations.push_back("and " + std::to_string(more) + " more");
  return violations;
}

/// What was found right must be found wrong with a fault planted in it.
void expect_that_faults_are_found(const LoadRecord& record, const std::vector<FinalState>& right,
                                  const std::vector<Delivery>& stored) {
  std::mt19937_64 random(record.operations.size());
  const auto any = [&](const auto& all) { return random() % all.size(); };
  const auto finals = [&](const auto& spoil) {
    auto spoilt = right;
    spoil(spoilt[any(spoilt)].places);
    EXPECT_THAT(faults_in(record, spoilt), Not(IsEmpty()));
  };
  finals([&](auto& places) { places.erase(places.begin()); });  // acknowledged, and lost
  finals([&](auto& places) {                                    // a fork
    places.push_back({.version = places.back().version, .id = "other"});
  });
  finals([&](auto& places) {  // a phantom
    places.push_back({.version = places.back().version + 1, .id = "other"});
  });
  finals([&](auto& places) {  // stored twice
    places.push_back({.version = places.back().version + 1, .id = places.back().id});
  });

  const auto seen = [&](const auto& spoil) {
    auto spoilt = stored;
    spoil(spoilt, spoilt.begin() + static_cast<std::ptrdiff_t>(any(spoilt)));
    EXPECT_NE(check_deliveries(spoilt, stored), "");
  };
  seen([](auto& all, auto at) { all.insert(at, *at); });  // twice in a row
  seen([](auto& all, auto at) { all.push_back(*at); });   // again, much later
  seen([](auto& all, auto at) { all.erase(at); });        // a gap
  seen([](auto& all, auto at) { std::swap(*at, *(at == all.begin() ? at + 1 : at - 1)); });
}

TEST_F(ClusterFaultsTest, WhileLeadersDieNothingIsLostForkedOrMissed) {
  const auto begun = std::chrono::steady_clock::now();
  run(setting("AETHER_NATS_FAULTS", 2), setting("AETHER_NATS_APPENDS", 400),
      setting("AETHER_NATS_SEED", 1));
  report(std::chrono::steady_clock::now() - begun);

  const std::vector<EventPtr> events = read_everything(*store_);
  const std::vector<FinalState> finals = finals_of(events);
  const auto found = faults_in(record_, finals);
  if (!found.empty() && chosen_version() == ServerVersion::v2_9) {
    // Its replicas come to hold different messages at the same sequences (docs/nats.md). That, and
    // only that, excuses the store; it is no success either.
    const auto difference = compare_replicas(*connect(), nats::event_stream_name(ns_));
    ASSERT_THAT(difference, HasSubstr("the replicas differ")) << found.front();
    GTEST_SKIP() << difference << "\n" << ::testing::PrintToString(found);
  }
  ASSERT_THAT(found, IsEmpty());

  const std::vector<Delivery> stored = deliveries_of(events);
  for (const Follower* follower : {&steady_, &restarted_}) {
    EXPECT_TRUE(testing::eventually([&] { return follower->seen().size() >= stored.size(); }));
    EXPECT_EQ(follower->error(), std::nullopt);
    EXPECT_EQ(check_deliveries(follower->seen(), stored), "");
  }
  const auto audit = verify(*store_);
  ASSERT_THAT(audit, Succeeds());
  EXPECT_EQ(audit->events, events.size());
  EXPECT_TRUE(audit->chained);
  for (const Finding& finding : audit->findings) ADD_FAILURE() << finding.what;
  expect_that_faults_are_found(record_, finals, stored);
}

}  // namespace
}  // namespace aether::tests
