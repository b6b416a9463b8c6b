// SPDX-License-Identifier: Apache-2.0
// `aether cluster shards`, `where` and `drain`, with real nodes at a real server.
#include "aether/cluster/cluster_manager.hpp"
#include "aether/nats/registry.hpp"
#include "cli_nats_fixture.hpp"
#include "testing/waiting.hpp"

#include <chrono>
#include <memory>
#include <stdexcept>
#include <utility>

namespace aether::cli::testing {
namespace {

using aether::testing::eventually;
using ::testing::HasSubstr;

class ClusterShardsCliTest : public NatsCliTest {
 protected:
  [[nodiscard]] std::unique_ptr<ClusterManager> started(const std::string& id) const {
    auto connection = nats::connect({.urls = {server_.url()}});
    auto registry = nats::open_registry(*connection, *Namespace::parse("orders"));
    ClusterOptions options;
    options.node.id = id;
    options.shards = 64;
    auto joined = ClusterManager::join(*registry, std::move(options));
    if (!joined) throw std::runtime_error(joined.error().message);
    return std::move(*joined);
  }
  [[nodiscard]] Finished cluster(std::vector<std::string> args) const {
    args.insert(args.begin(), "cluster");
    return aether_at(url_of(server_), args);
  }

  const Server server_;
};

TEST_F(ClusterShardsCliTest, ShowsWhoOwnsWhatAndDrainsANode) {
  const auto a = started("node-a");
  const auto b = started("node-b");
  ASSERT_TRUE(eventually([&] { return a->shards() == 32 && b->shards() == 32; }));

  const auto shards = cluster({"shards"});
  EXPECT_EQ(shards.exit_code, 0) << shards.err;
  EXPECT_EQ(shards.out,
            "NODE    SHARDS  LEAVING  COMING  WHICH\n"
            "node-a      32        0       0  0-31\n"
            "node-b      32        0       0  32-63\n");
  const auto where = objects(cluster({"where", "order-1", "--json"}).out);
  ASSERT_EQ(where.size(), 1U);
  EXPECT_EQ(where[0]["shard"], a->shard_of("order-1"));
  EXPECT_EQ(where[0]["node"], a->owns("order-1") ? "node-a" : "node-b");
  EXPECT_EQ(where[0]["movesTo"], "");

  EXPECT_EQ(cluster({"drain", "node-b"}).out,
            "node-b is being drained: see aether cluster shards.\n");
  EXPECT_TRUE(eventually([&] { return a->shards() == 64 && b->shards() == 0; }));
  EXPECT_THAT(cluster({"where", "order-1"}).out, HasSubstr(": node-a, epoch "));
  EXPECT_EQ(cluster({"drain", "node-b", "--cancel"}).out, "node-b takes shards.\n");
  EXPECT_TRUE(eventually([&] { return a->shards() == 32 && b->shards() == 32; }));
}

TEST_F(ClusterShardsCliTest, SaysWhatIsNotThere) {
  EXPECT_THAT(cluster({"shards"}).err, HasSubstr("has no cluster yet"));
  const auto a = started("node-a");

  EXPECT_THAT(cluster({"drain", "node-x"}).err, HasSubstr("no node \"node-x\" has been in this"));
  EXPECT_THAT(cluster({"drain", "a b"}).err, HasSubstr("is no id of a node"));
}

}  // namespace
}  // namespace aether::cli::testing
