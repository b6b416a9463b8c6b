// SPDX-License-Identifier: Apache-2.0
#include "aether/cluster/shard_tools.hpp"

#include "aether/cluster/cluster_manager.hpp"
#include "testing/matchers.hpp"
#include "testing/waiting.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>
#include <utility>

namespace aether {
namespace {

using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace): for times
using testing::eventually;
using testing::FailsWith;
using testing::Succeeds;

class ShardToolsTest : public ::testing::Test {
 protected:
  std::unique_ptr<ClusterManager> start(std::string id) {
    ClusterOptions options;
    options.node.id = std::move(id);
    options.lease = LeaseOptions::fast();
    options.shards = 64;
    auto manager = ClusterManager::join(registry_, std::move(options));
    EXPECT_THAT(manager, Succeeds());
    return manager ? std::move(*manager) : nullptr;
  }

  void put(std::string_view key, std::string value) {
    std::promise<Result<std::uint64_t>> done;
    registry_->put(key, std::move(value), 0, 1s,
                   [&done](Result<std::uint64_t> outcome) { done.set_value(std::move(outcome)); });
    EXPECT_THAT(done.get_future().get(), Succeeds());
  }

  std::shared_ptr<Registry> registry_ = make_memory_registry(make_scheduler().value());
};

TEST_F(ShardToolsTest, ReadWhoOwnsWhat) {
  const auto a = start("a");
  const auto b = start("b");
  ASSERT_TRUE(eventually([&] { return a->shards() == 32 && b->shards() == 32; }));

  const auto shards = read_shards(*registry_, 1s);

  ASSERT_THAT(shards, Succeeds());
  const ShardId shard = shards->map.shard_of("order-1");
  EXPECT_EQ(shard, a->shard_of("order-1"));
  EXPECT_EQ(shards->owner_of(shard), a->owns("order-1") ? "a" : "b");
  EXPECT_EQ(shards->next_of(shard), "");
  EXPECT_EQ(shard_ranges(shards->table, 0), "0-31") << "the highest ones have moved to b";
  EXPECT_EQ(shard_ranges(shards->table, 1), "32-63");
}

TEST_F(ShardToolsTest, DrainANodeAndTakeThatBack) {
  const auto a = start("a");
  const auto b = start("b");
  ASSERT_TRUE(eventually([&] { return a->shards() == 32 && b->shards() == 32; }));

  EXPECT_EQ(drain_node(*registry_, "a", true, 1s), true);
  EXPECT_EQ(drain_node(*registry_, "a", true, 1s), false) << "so it was already";
  EXPECT_TRUE(eventually([&] { return a->shards() == 0 && b->shards() == 64; }));

  EXPECT_EQ(drain_node(*registry_, "a", false, 1s), true);
  EXPECT_EQ(drain_node(*registry_, "a", false, 1s), false);
  EXPECT_TRUE(eventually([&] { return a->shards() == 32 && b->shards() == 32; }));
}

TEST_F(ShardToolsTest, FindNothingWhereNobodyHasBeen) {
  EXPECT_THAT(read_shards(*registry_, 1s), FailsWith(Errc::not_found));
  EXPECT_THAT(drain_node(*registry_, "a", true, 1s), FailsWith(Errc::not_found));
}

TEST_F(ShardToolsTest, RefuseWhatIsNoNodesId) {
  for (const auto* id : {"", "a b", "a.b", "a>", "\n"}) {
    EXPECT_THAT(drain_node(*registry_, id, true, 1s), FailsWith(Errc::invalid_argument)) << id;
  }
}

TEST_F(ShardToolsTest, SayWhatCannotBeRead) {
  put("config", format_shard_map(make_shard_map(64).value()));
  EXPECT_THAT(read_shards(*registry_, 1s), FailsWith(Errc::not_found));

  put("table", "{}");
  EXPECT_THAT(read_shards(*registry_, 1s), FailsWith(Errc::corrupt));
}

}  // namespace
}  // namespace aether
