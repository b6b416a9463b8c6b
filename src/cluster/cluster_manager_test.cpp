// SPDX-License-Identifier: Apache-2.0
#include "aether/cluster/cluster_manager.hpp"

#include "core/text.hpp"
#include "testing/matchers.hpp"
#include "testing/waiting.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <limits>
#include <memory>
#include <string>
#include <utility>

namespace aether {
namespace {

using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace): for times
using testing::eventually;
using testing::FailsWith;
using testing::Succeeds;

class ClusterManagerTest : public ::testing::Test {
 protected:
  static ClusterOptions options(std::string id) {
    ClusterOptions options;
    options.node.id = std::move(id);
    options.node.address = options.node.id + ":80";
    options.lease = LeaseOptions::fast();
    options.shards = 64;
    return options;
  }

  std::unique_ptr<ClusterManager> join(ClusterOptions options) {
    auto manager = ClusterManager::join(registry_, std::move(options));
    EXPECT_THAT(manager, Succeeds());
    return manager ? std::move(*manager) : nullptr;
  }

  std::shared_ptr<Registry> registry_ = make_memory_registry(make_scheduler().value());
};

TEST_F(ClusterManagerTest, SharesActorsAmongTheNodesOfAProcess) {
  const auto a = join(options("a"));
  const auto b = join(options("b"));

  ASSERT_TRUE(eventually([&] { return a->shards() == 32 && b->shards() == 32; }));
  ASSERT_TRUE(eventually([&] {
    return b->members().size() == 2 && a->leader().has_value() && a->leader() == b->leader();
  }));
  for (int i = 0; i < 100; ++i) {
    const std::string actor = concat("order-", i);
    EXPECT_NE(a->owns(actor).has_value(), b->owns(actor).has_value());
    ASSERT_TRUE(eventually([&] { return a->where(actor) && a->where(actor) == b->where(actor); }));
    const auto place = a->where(actor);
    EXPECT_EQ(place->shard, b->shard_of(actor));
    EXPECT_EQ(place->node, a->owns(actor) ? "a" : "b");
    EXPECT_EQ(place->address, place->node + ":80");
  }
}

TEST_F(ClusterManagerTest, HandsItsShardsOverWhenItStops) {
  std::atomic<int> drained{0};
  std::atomic<int> lost{0};
  auto draining = options("a");
  draining.handlers.draining = [&](ShardId, std::uint64_t, const std::function<void()>& done) {
    ++drained;
    done();
  };
  draining.handlers.lost = [&](ShardId, std::uint64_t) { ++lost; };
  auto a = join(draining);
  const auto b = join(options("b"));
  ASSERT_TRUE(eventually([&] { return a->shards() == 32 && b->shards() == 32; }));
  drained = 0;

  EXPECT_THAT(a->stop(), Succeeds());

  EXPECT_EQ(drained, 32);
  EXPECT_EQ(lost, 0);
  EXPECT_TRUE(eventually([&] { return b->shards() == 64; }));
}

TEST_F(ClusterManagerTest, LeavesAllTheSameWhenDrainingTakesTooLong) {
  auto stuck = options("a");
  stuck.handlers.draining = [](ShardId, std::uint64_t, const std::function<void()>&) {};
  const auto a = join(stuck);
  ASSERT_TRUE(eventually([&] { return a->shards() == 64; }));
  const auto b = join(options("b"));

  const auto stopped = a->stop(50ms);

  ASSERT_THAT(stopped, FailsWith(Errc::unavailable));
  EXPECT_THAT(stopped.error().message, ::testing::HasSubstr("shards are on their way"));
  EXPECT_TRUE(eventually([&] { return b->shards() == 64; }));
  EXPECT_EQ(a->shards(), 0U);
}

TEST_F(ClusterManagerTest, TakesTheShardsOfANodeThatIsGoneWithoutAWord) {
  auto a = join(options("a"));
  const auto b = join(options("b"));
  ASSERT_TRUE(eventually([&] { return a->shards() == 32 && b->shards() == 32; }));

  a.reset();

  EXPECT_TRUE(eventually([&] { return b->shards() == 64; }));
  EXPECT_TRUE(eventually([&] { return b->leader() == "b"; }));
}

TEST_F(ClusterManagerTest, TellsTheLoadToTheOthers) {
  const auto a = join(options("a"));
  const auto b = join(options("b"));

  b->set_load(0.75);

  EXPECT_TRUE(eventually([&] {
    const auto members = a->members();
    return members.size() == 2 && members[1].node.load == 0.75;
  }));
}

TEST_F(ClusterManagerTest, RefusesBadOptions) {
  for (const auto* id : {"", "a.b", "a b", "\n"}) {
    EXPECT_THAT(ClusterManager::join(registry_, options(id)), FailsWith(Errc::invalid_argument));
  }
  auto odd = options("a");
  odd.shards = 100;
  EXPECT_THAT(ClusterManager::join(registry_, odd), FailsWith(Errc::invalid_argument));
  auto stuck = options("a");
  for (const std::size_t moving : {std::size_t{0}, std::size_t{257}}) {
    stuck.max_moving = moving;
    EXPECT_THAT(ClusterManager::join(registry_, stuck), FailsWith(Errc::invalid_argument));
  }
  auto heavy = options("heavy");
  heavy.node.load = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(ClusterManager::join(registry_, heavy), FailsWith(Errc::invalid_argument));
  auto slow = options("a");
  slow.lease.renew = slow.lease.ttl;
  EXPECT_THAT(ClusterManager::join(registry_, slow), FailsWith(Errc::invalid_argument));
}

TEST_F(ClusterManagerTest, RefusesASecondProcessOfTheSameId) {
  const auto a = join(options("a"));

  const auto twin = ClusterManager::join(registry_, options("a"));

  ASSERT_THAT(twin, FailsWith(Errc::version_conflict));
  EXPECT_THAT(twin.error().message, ::testing::HasSubstr("another process is node \"a\""));
  EXPECT_TRUE(eventually([&] { return a->owns("order-1").has_value(); }));
}

/// A registry that nobody answers for.
class SilentRegistry final : public Registry {
 public:
  void put(std::string_view, std::string, std::uint64_t, std::chrono::milliseconds,
           PutDone) override {}
  void get(std::string_view, std::chrono::milliseconds, GetDone) override {}
  std::unique_ptr<WatchHandle> watch(Watcher) override { return std::make_unique<WatchHandle>(); }
};

TEST_F(ClusterManagerTest, SaysWhatItWaitedForWhenItCannotJoin) {
  const auto a = ClusterManager::join(std::make_shared<SilentRegistry>(), options("a"), 50ms);

  ASSERT_THAT(a, FailsWith(Errc::unavailable));
  EXPECT_THAT(a.error().message, ::testing::HasSubstr("the registry has not answered yet"));
}

}  // namespace
}  // namespace aether
