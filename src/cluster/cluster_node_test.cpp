// SPDX-License-Identifier: Apache-2.0
#include "cluster/cluster_node.hpp"

#include "cluster/world_test.hpp"
#include "core/text.hpp"
#include "testing/matchers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <string>
#include <vector>

namespace aether::cluster {
namespace {

using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace): for times
using sim::World;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(ClusterNode, OwnsAllShardsAlone) {
  World world(1);
  world.start("a");

  ASSERT_TRUE(world.run_until_settled(5s));

  EXPECT_TRUE(world.at("a").joined && world.at("a").joined->has_value());
  EXPECT_EQ(world.at("a").node->leader(), "a");
  EXPECT_EQ(world.at("a").node->shards(), 16U);
}

TEST(ClusterNode, SharesWithNodesThatJoinAndSaysWhereActorsAre) {
  World world(2);
  for (const auto* id : {"a", "b", "c"}) world.start(id);

  ASSERT_TRUE(world.run_until_settled(10s));
  world.run(500ms);

  for (const auto* id : {"a", "b", "c"}) {
    const auto place = world.at(id).node->where("order-1");
    ASSERT_TRUE(place);
    EXPECT_EQ(place->address, place->node + ".example.org");
    EXPECT_EQ(world.at(place->node).node->owns("order-1"), place->epoch);
    EXPECT_EQ(world.at(id).node->members().size(), 3U);
  }
}

TEST(ClusterNode, MovesExactly93OfItsShardsToTheEleventhNodeWithShortPauses) {
  World world(3, 1024);
  world.calm();
  for (int i = 10; i < 20; ++i) world.start(concat("n", i));
  ASSERT_TRUE(world.run_until_settled(60s));
  const std::size_t before = world.changes_of_owner();
  world.forget_pauses();

  world.start("n20");
  ASSERT_TRUE(world.run_until_settled(60s));

  EXPECT_EQ(world.changes_of_owner() - before, 93U);
  EXPECT_LE(world.longest_pause(), 50ms) << "each message takes up to 4 ms, each watch 2 ms more";
}

TEST(ClusterNode, LosesItsShardsToOthersATtlAfterItCrashed) {
  World world(4);
  for (const auto* id : {"a", "b", "c"}) world.start(id);
  ASSERT_TRUE(world.run_until_settled(10s));
  const BootTime crashed = world.now();
  const std::string follower = world.leader() == "a" ? "b" : "a";

  world.crash(follower);
  ASSERT_TRUE(world.run_until_settled(5s));

  EXPECT_GE(world.now() - crashed, 500ms);
  EXPECT_LE(world.now() - crashed, 1'600ms) << "ttl (1 + d), and some messages";
}

TEST(ClusterNode, GetsItsShardsBackWhenItIsRestarted) {
  World world(5);
  for (const auto* id : {"a", "b"}) world.start(id);
  ASSERT_TRUE(world.run_until_settled(10s));
  const std::size_t before = world.changes_of_owner();
  const std::string follower = world.leader() == "a" ? "b" : "a";

  world.crash(follower);
  world.start(follower);
  ASSERT_TRUE(world.run_until_settled(5s));

  EXPECT_TRUE(world.at(follower).joined && world.at(follower).joined->has_value());
  EXPECT_LE(world.changes_of_owner() - before, 16U);
}

TEST(ClusterNode, LeavesInOrder) {
  World world(6);
  world.set_drain_ms(100);
  for (const auto* id : {"a", "b", "c"}) world.start(id);
  ASSERT_TRUE(world.run_until_settled(10s));
  const std::string leader = world.leader();
  world.forget_pauses();

  world.leave(leader);
  world.run(3s);

  EXPECT_TRUE(world.at(leader).has_left);
  EXPECT_TRUE(world.is_settled());
  EXPECT_LE(world.longest_pause(), 1'000ms);
}

TEST(ClusterNode, LeavesWithItsShardsWhereItIsAlone) {
  World world(7);
  world.start("a");
  ASSERT_TRUE(world.run_until_settled(5s));

  world.leave("a");
  world.run(2s);

  EXPECT_TRUE(world.at("a").has_left);
  EXPECT_EQ(world.at("a").node->shards(), 0U);
}

TEST(ClusterNode, FinishesTheMovesOfALeaderThatCrashed) {
  World world(8);
  world.set_drain_ms(400);
  world.set_max_moving(2);
  for (const auto* id : {"a", "b", "c"}) world.start(id);
  ASSERT_TRUE(world.run_until_settled(20s));
  world.start("d");
  for (int i = 0; i < 5'000 && world.moving() == 0; ++i) world.run(1ms);
  ASSERT_NE(world.moving(), 0U);

  world.crash(world.leader());

  EXPECT_TRUE(world.run_until_settled(20s));
  EXPECT_EQ(world.moving(), 0U);
}

TEST(ClusterNode, DrainsANodeForWhichThatIsAsked) {
  World world(9);
  for (const auto* id : {"a", "b", "c"}) world.start(id);
  ASSERT_TRUE(world.run_until_settled(10s));

  world.store().force("drain.b", R"({"v":1})");
  world.run(3s);
  EXPECT_EQ(world.at("b").node->shards(), 0U);

  world.store().force("drain.b", "");
  EXPECT_TRUE(world.run_until_settled(5s));
}

TEST(ClusterNode, IsRefusedWhileAnotherProcessHasItsId) {
  World world(10);
  World::Node& twin = world.start("a");
  ASSERT_TRUE(world.run_until_settled(5s));
  const auto first = std::move(world.nodes().at("a"));
  ASSERT_EQ(&twin, first.get());

  World::Node& second = world.start("a");
  world.run(3s);

  ASSERT_TRUE(second.joined);
  EXPECT_THAT(*second.joined, testing::FailsWith(Errc::version_conflict));
  EXPECT_EQ(first->node->shards(), 16U);
  world.nodes().clear();
}

TEST(ClusterNode, IsRefusedWithAnotherNumberOfShards) {
  World world(11);
  world.store().force("config", R"({"v":1,"shards":64,"hash":"siphash-2-4",)"
                                R"("key":"000102030405060708090a0b0c0d0e0f"})");
  World::Node& node = world.start("a");
  world.run(1s);

  ASSERT_TRUE(node.joined);
  ASSERT_THAT(*node.joined, testing::FailsWith(Errc::invalid_argument));
  EXPECT_THAT(node.joined->error().message, HasSubstr("64 shards, not 16"));
}

TEST(ClusterNode, IgnoresForgedAndStaleTablesSaysSoAndWritesTheTrueOneAgain) {
  World world(12);
  for (const auto* id : {"a", "b"}) world.start(id);
  ASSERT_TRUE(world.run_until_settled(10s));
  const auto stale = std::ranges::find_if(
      world.store().log(), [](const Registry::Entry& entry) { return entry.key == "table"; });
  const std::string old_table = stale->value;
  const std::size_t before = world.changes_of_owner();

  for (const std::string& forged :
       {std::string("{}"), std::string(), old_table,
        std::string(R"({"v":1,"epoch":99999999,"leader_epoch":1,"owners":{},"moving":{}})")}) {
    world.store().force("table", forged);
    world.run(2s);
    EXPECT_TRUE(world.is_settled()) << forged;
    EXPECT_NE(world.store().get("table")->value, forged);
  }

  EXPECT_EQ(world.changes_of_owner(), before);
  EXPECT_THAT(world.log(), Contains(HasSubstr("is ignored: the shard table is corrupt")));
  EXPECT_THAT(world.log(), Contains(HasSubstr("somebody has removed it")));
  EXPECT_THAT(world.log(), Contains(HasSubstr("has been seen")));
  EXPECT_THAT(world.log(), Contains(HasSubstr("which cannot be yet")));
}

TEST(ClusterNode, WaitsForATtlBeforeItTakesWhatANodeWithoutARecordHas) {
  World world(14);
  world.store().force("filler", "x");
  world.store().force("table", R"({"v":1,"epoch":1,"leader_epoch":1,)"
                               R"("owners":{"ghost/t1":{"1":"0-15"}},"moving":{}})");
  world.start("a");

  world.run(900ms);
  EXPECT_EQ(world.at("a").node->shards(), 0U);
  EXPECT_TRUE(world.run_until_settled(3s));
}

TEST(ClusterNode, OutlivesAForgedRecordOfItself) {
  World world(13);
  for (const auto* id : {"a", "b"}) world.start(id);
  ASSERT_TRUE(world.run_until_settled(10s));

  for (const auto* forged :
       {"nonsense", R"({"v":1,"holder":"x","tenure":"t","ttl_ms":1,"count":1})",
        R"({"v":1,"holder":"","tenure":"t","ttl_ms":1,"count":1})"}) {
    world.store().force("node.a", forged);
    world.run(1s);
    EXPECT_TRUE(world.run_until_settled(10s)) << forged;
  }
}

/// What befalls a cluster in a minute, by chance.
void torment(World& world) {
  auto& random = world.random();
  const std::vector<std::string> ids = {"a", "b", "c", "d"};
  std::map<std::string, double> rates;
  for (const auto& id : ids) rates[id] = 0.95 + 0.01 * static_cast<double>(random() % 11);
  const auto start = [&](const std::string& id) {
    world.start(id, rates[id]).port->lose(0.02 * static_cast<double>(random() % 3));
  };
  for (const auto& id : ids) start(id);
  world.run(3s);
  for (int fault = 0; fault < 25 && !::testing::Test::HasFailure(); ++fault) {
    const std::string& id = ids[random() % ids.size()];
    if (!world.has(id)) start(id);
    World::Node& node = world.at(id);
    const auto time = sim::milliseconds(100 + random() % 3'000);
    switch (random() % 5) {
      case 0:
        world.crash(id);
        break;
      case 1:
        node.process->pause();
        world.run(time);
        node.process->resume();
        break;
      case 2:
        node.port->cut();
        world.run(time);
        node.port->heal();
        break;
      case 3:
        world.leave(id);
        world.run(time);
        world.crash(id);
        break;
      default:
        break;
    }
    world.run(sim::milliseconds(random() % 1'000));
  }
  for (const auto& id : ids) {
    if (!world.has(id)) start(id);
    world.at(id).port->lose(0);
  }
}

/// All is well some time after the last fault.
void expect_peace(World& world, std::uint64_t seed) {
  EXPECT_TRUE(world.run_until_settled(20s)) << "a shard has no owner, or too many are one's";
  for (int i = 0; i < 20 && world.moving() != 0; ++i) world.run(500ms);
  EXPECT_EQ(world.moving(), 0U);
  EXPECT_TRUE(world.is_settled());
  if (::testing::Test::HasFailure()) {
    ADD_FAILURE() << "seed " << seed << ": AETHER_CLUSTER_SEED=" << seed << " repeats it";
  }
}

TEST(ClusterNode, OwnsNoShardTwiceAndEachAgainThroughWhateverBefallsIt) {
  const char* const chosen = std::getenv("AETHER_CLUSTER_SEED");  // NOLINT(concurrency-mt-unsafe)
  const char* const count = std::getenv("AETHER_CLUSTER_SEEDS");  // NOLINT(concurrency-mt-unsafe)
  const std::uint64_t first = chosen != nullptr ? std::stoull(chosen) : 1;
  const std::uint64_t seeds = count != nullptr ? std::stoull(count) : chosen != nullptr ? 1 : 12;
  for (std::uint64_t seed = first; seed < first + seeds && !HasFailure(); ++seed) {
    World world(seed);
    world.set_drain_ms(200);
    world.set_max_moving(4);
    torment(world);
    expect_peace(world, seed);
  }
}

}  // namespace
}  // namespace aether::cluster
