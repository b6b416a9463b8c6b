// SPDX-License-Identifier: Apache-2.0
//
// The contract of registries, on the same servers as that of event stores.

#include "aether/testing/registry_suite.hpp"
#include "nats/chosen_servers.hpp"
#include "nats/session.hpp"
#include "nats/settings.hpp"
#include "testing/matchers.hpp"
#include "testing/registry_fixture.hpp"
#include "testing/waiting.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <barrier>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace aether::tests {
namespace {

using testing::FailsWith;
using testing::RegistryTest;
using testing::Sight;

/// A namespace of its own for each test, and two nodes.
class Harness final : public testing::RegistryHarness {
 public:
  Harness()
      : ns_(take_registry_namespace()),
        connection_(connect()),
        registry_(open_node_registry(connection_, ns_)),
        other_(open_node_registry(connect(), ns_)) {}

  // Many idle streams keep three servers busy.
  ~Harness() override {
    registry_.reset();
    other_.reset();
    nats::Transport& transport = nats::Session::of(*connection_).transport();
    std::string bucket = ns_.text();
    bucket.replace(bucket.find('.'), 1, "__");
    EXPECT_TRUE(
        transport.publish({.subject = "$JS.API.STREAM.DELETE.KV_aether-cluster-" + bucket}));
    EXPECT_TRUE(transport.flush(std::chrono::seconds(30)));
  }
  Harness(const Harness&) = delete;
  Harness& operator=(const Harness&) = delete;

  Registry& registry() override { return *registry_; }
  Registry& other() override { return *other_; }

 private:
  Namespace ns_;
  std::shared_ptr<nats::Connection> connection_;
  std::shared_ptr<Registry> registry_;
  std::shared_ptr<Registry> other_;
};

const bool kRegistered =
    testing::register_registry_suite("JetStream", [] { return std::make_unique<Harness>(); });

// The claim that everything else rests on, also where the server's own check is broken: of those
// that have seen the same revision, one is done. Odd rounds are of a key that nobody has set yet.
TEST(JetStreamRegistryContention, OneOfEachRoundIsDoneAndAWatchSeesJustThose) {
  constexpr std::size_t kWriters = 4;
  const std::size_t rounds = setting("AETHER_NATS_ROUNDS", 200);
  const Namespace ns = take_registry_namespace();
  std::vector<std::shared_ptr<Registry>> nodes;
  for (std::size_t i = 0; i < kWriters; ++i) nodes.push_back(open_node_registry(connect(), ns));
  Sight sight;
  const auto watch = nodes.front()->watch(sight.watcher());
  ASSERT_TRUE(sight.wait_until_live());

  const auto key_of = [](std::size_t round) {
    return round % 2 == 0 ? std::string("leader") : "new." + std::to_string(round);
  };
  std::vector<std::vector<Result<std::uint64_t>>> outcomes(
      rounds, std::vector<Result<std::uint64_t>>(kWriters));
  std::vector<Registry::Entry> winners;
  std::uint64_t leader = 0;
  std::barrier<> together(kWriters);
  testing::run_together(kWriters, [&](std::size_t me) {
    for (std::size_t round = 0; round < rounds; ++round) {
      together.arrive_and_wait();
      const std::uint64_t expected = round % 2 == 0 ? leader : 0;
      const std::string value = std::to_string(round) + "/" + std::to_string(me);
      outcomes[round][me] = RegistryTest::try_put(*nodes[me], key_of(round), value, expected);
      together.arrive_and_wait();
      if (me != 0) continue;
      for (std::size_t i = 0; i < kWriters; ++i) {
        const Result<std::uint64_t>& outcome = outcomes[round][i];
        if (!outcome) continue;
        winners.push_back({.key = key_of(round),
                           .value = std::to_string(round) + "/" + std::to_string(i),
                           .revision = *outcome});
        if (round % 2 == 0) leader = *outcome;
      }
    }
  });

  for (std::size_t round = 0; round < rounds; ++round) {
    const auto done = std::ranges::count_if(outcomes[round], [](const auto& outcome) {
      if (!outcome) {
        EXPECT_THAT(outcome, FailsWith(Errc::version_conflict));
      }
      return outcome.has_value();
    });
    EXPECT_EQ(done, 1) << "round " << round;
  }
  ASSERT_FALSE(winners.empty());
  ASSERT_TRUE(sight.wait_for(winners.back().key, winners.back().value));
  EXPECT_EQ(sight.entries(), winners);
}

TEST(JetStreamRegistryReplicas, OfOldServersAreWarnedOf) {
  std::string warnings;

  const auto registry = open_node_registry(connect(), take_registry_namespace(),
                                           {.log = [&](LogLevel level, std::string_view message) {
                                             if (level == LogLevel::warning) warnings += message;
                                           }});

  if (chosen_version() == ServerVersion::v2_9 && servers().replicas() > 1) {
    EXPECT_THAT(warnings, ::testing::HasSubstr("below 2.11"));
  } else {
    EXPECT_EQ(warnings, "");
  }
}

}  // namespace
}  // namespace aether::tests
