// SPDX-License-Identifier: Apache-2.0
//
// The contract of snapshot stores, on the same servers as that of event stores.

#include "aether/nats/snapshots.hpp"
#include "aether/testing/event_store_suite.hpp"
#include "nats/chosen_servers.hpp"
#include "nats/session.hpp"
#include "nats/stream_config.hpp"
#include "testing/matchers.hpp"
#include "testing/waiting.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <barrier>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace aether::tests {
namespace {

using testing::FailsWith;
using testing::Succeeds;

/// A namespace of its own for each test.
class Harness final : public testing::SnapshotStoreHarness {
 public:
  explicit Harness(const Clock& clock) : ns_(take_snapshot_namespace()) {
    options_.clock = &clock;
    reopen();
  }

  // Many idle streams keep three servers busy.
  ~Harness() override {
    store_.reset();
    nats::Transport& transport = nats::Session::of(*connection_).transport();
    EXPECT_TRUE(
        transport.publish({.subject = "$JS.API.STREAM.DELETE." +
                                      nats::stream_name(nats::StreamKind::snapshots, ns_)}));
    EXPECT_TRUE(transport.flush(std::chrono::seconds(30)));
  }
  Harness(const Harness&) = delete;
  Harness& operator=(const Harness&) = delete;

  SnapshotStore& store() override { return *store_; }

  bool reopen() override {
    store_.reset();
    connection_ = connect();
    store_ = open_snapshot_store(connection_, ns_, options_);
    return true;
  }

 private:
  Namespace ns_;
  nats::SnapshotStoreOptions options_;
  std::shared_ptr<nats::Connection> connection_;
  std::unique_ptr<SnapshotStore> store_;
};

const bool kRegistered = testing::register_snapshot_store_suite(
    "JetStream", [](const Clock& clock) { return std::make_unique<Harness>(clock); });

Snapshot snapshot_of(Version version) {
  return {.actor_id = "order-1",
          .version = version,
          .schema = "order/1",
          .data = Data::json(std::to_string(version))};
}

// Two processes are two connections: nothing but the server keeps an older one from replacing a
// newer one. In each round all writers have seen the same last message.
TEST(JetStreamSnapshotContention, TheNewestOfEachRoundStays) {
  constexpr std::size_t kWriters = 4;
  constexpr Version kRounds = 150;
  const Namespace ns = take_snapshot_namespace();
  const std::array stores{open_snapshot_store(connect(), ns), open_snapshot_store(connect(), ns)};

  std::barrier<> together(kWriters);
  testing::run_together(kWriters, [&](std::size_t writer) {
    SnapshotStore& store = *stores.at(writer % stores.size());
    for (Version round = 0; round < kRounds; ++round) {
      together.arrive_and_wait();
      const Version first = round * kWriters + 1;
      EXPECT_THAT(store.save(snapshot_of(first + (writer + round) % kWriters)), Succeeds());
      together.arrive_and_wait();
      if (writer != 0) continue;
      const auto stored = store.load("order-1");
      ASSERT_THAT(stored, Succeeds());
      ASSERT_EQ(stored->version, first + kWriters - 1) << "round " << round;
    }
  });
}

// Of three servers, one may be behind what was acknowledged. A writer of other actors' snapshots
// keeps them busy.
TEST(JetStreamSnapshotReplicas, WhatIsSavedIsSeenThroughEachServerAtOnce) {
  constexpr Version kRounds = 150;
  const Namespace ns = take_snapshot_namespace();
  std::vector<std::unique_ptr<SnapshotStore>> stores;
  for (const std::string& url : servers().urls()) {
    stores.push_back(open_snapshot_store(*nats::connect({.urls = {url}}), ns));
  }

  std::atomic<bool> is_over{false};
  testing::run_together(1 + stores.size(), [&](std::size_t worker) {
    if (worker > 0) {
      Snapshot other = snapshot_of(1);
      other.actor_id = "other-" + std::to_string(worker);
      other.data = Data::json('"' + std::string(20'000, 'x') + '"');
      for (; !is_over; ++other.version) {
        EXPECT_THAT(stores[worker - 1]->save(other), Succeeds());
      }
      return;
    }
    for (Version version = 1; version <= kRounds; ++version) {
      EXPECT_THAT(stores[version % stores.size()]->save(snapshot_of(version)), Succeeds());
      for (const auto& store : stores) {
        const auto stored = store->load("order-1");
        EXPECT_THAT(stored, Succeeds());
        if (stored) {
          EXPECT_EQ(stored->version, version);
        }
      }
      if (::testing::Test::HasFailure()) break;
    }
    is_over = true;
  });
}

// As with events: their replicas may differ after a leader died.
TEST(JetStreamSnapshotReplicas, OfOldServersAreWarnedOf) {
  std::string warnings;
  nats::SnapshotStoreOptions options;
  options.log = [&](LogLevel level, std::string_view message) {
    if (level == LogLevel::warning) warnings += message;
  };

  const auto store = open_snapshot_store(connect(), take_snapshot_namespace(), options);

  if (chosen_version() == ServerVersion::v2_9 && servers().replicas() > 1) {
    EXPECT_THAT(warnings, ::testing::HasSubstr("below 2.11"));
  } else {
    EXPECT_EQ(warnings, "");
  }
}

TEST(JetStreamSnapshotContention, ARemovalAndASaveAtOnceLeaveNothingOlder) {
  constexpr Version kRounds = 100;
  const Namespace ns = take_snapshot_namespace();
  const std::array stores{open_snapshot_store(connect(), ns), open_snapshot_store(connect(), ns)};
  ASSERT_THAT(stores[0]->save(snapshot_of(kMaxVersion)), Succeeds());

  std::barrier<> together(2);
  testing::run_together(2, [&](std::size_t worker) {
    for (Version round = 1; round <= kRounds; ++round) {
      together.arrive_and_wait();
      if (worker == 0) {
        EXPECT_THAT(stores[0]->remove("order-1"), Succeeds());
      } else {
        EXPECT_THAT(stores[1]->save(snapshot_of(round)), Succeeds());
      }
      together.arrive_and_wait();
      if (worker == 0) continue;
      // Whichever of the two was first: what was there before is gone.
      const auto stored = stores[1]->load("order-1");
      if (stored) {
        EXPECT_EQ(stored->version, round);
      } else {
        EXPECT_THAT(stored, FailsWith(Errc::not_found));
      }
      ASSERT_THAT(stores[1]->remove("order-1"), Succeeds());
      ASSERT_THAT(stores[1]->save(snapshot_of(round)), Succeeds());
    }
  });
}

}  // namespace
}  // namespace aether::tests
