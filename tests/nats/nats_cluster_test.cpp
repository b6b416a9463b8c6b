// SPDX-License-Identifier: Apache-2.0
#include "nats/nats_cluster.hpp"

#include "nats/test_support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

namespace aether::tests {
namespace {

using ::testing::HasSubstr;

class NatsClusterTest : public ::testing::TestWithParam<ServerVersion> {
 protected:
  static void create_orders(const NatsServer& server) {
    ASSERT_THAT(request(server, "$JS.API.STREAM.CREATE.orders",
                        R"({"name": "orders", "subjects": ["orders"], "num_replicas": 3})"),
                HasSubstr("created"));
  }
};

INSTANTIATE_TEST_SUITE_P(Versions, NatsClusterTest, kVersions, version_name);

TEST_P(NatsClusterTest, IsReadyForReplicatedStreamsAtOnce) {
  NatsCluster cluster({.version = GetParam()});

  create_orders(cluster[0]);

  EXPECT_EQ(cluster.urls().size(), kClusterSize);
  EXPECT_NE(cluster.meta_leader(), nullptr);
}

TEST_P(NatsClusterTest, KeepsWhatIsStoredWhenItsLeaderIsKilledAndTakesItBack) {
  NatsCluster cluster({.version = GetParam()});
  create_orders(cluster[0]);
  ASSERT_THAT(request(cluster[0], "orders", "placed"), HasSubstr(R"("seq":1)"));
  NatsServer& killed = *cluster.meta_leader();

  killed.kill_9();
  cluster.wait_until_ready();

  ASSERT_NE(cluster.meta_leader(), nullptr);
  EXPECT_NE(cluster.meta_leader(), &killed);
  for (std::size_t i = 0; i < kClusterSize; ++i) {
    EXPECT_EQ(cluster[i].is_running(), &cluster[i] != &killed);
  }
  killed.restart();
  cluster.wait_until_ready();
  EXPECT_THAT(request(killed, "$JS.API.STREAM.INFO.orders"), HasSubstr(R"("messages":1)"));
}

TEST_P(NatsClusterTest, LeavesNoProcessAndNoFile) {
  const TemporaryFolder folder;
  const Environment temporary("TMPDIR", folder.path());
  std::vector<pid_t> pids;
  {
    NatsCluster cluster({.version = GetParam()});
    for (std::size_t i = 0; i < kClusterSize; ++i) pids.push_back(cluster[i].pid());
  }
  for (const pid_t pid : pids) EXPECT_FALSE(is_process(pid));
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

}  // namespace
}  // namespace aether::tests
