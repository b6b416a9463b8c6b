// SPDX-License-Identifier: Apache-2.0
// `aether cluster`, with real nodes at real servers.
#include "aether/cluster/election.hpp"
#include "aether/cluster/membership.hpp"
#include "aether/nats/registry.hpp"
#include "cli_nats_fixture.hpp"

#include <chrono>
#include <csignal>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

namespace aether::cli::testing {
namespace {

using std::chrono::milliseconds;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class ClusterCliTest : public NatsCliTest,
                       public ::testing::WithParamInterface<tests::ServerVersion> {
 protected:
  /// A node that is there, and stands for the leadership.
  struct Peer {
    std::unique_ptr<Membership> membership;
    std::unique_ptr<Election> election;
    Leadership leadership;
  };

  Peer started(const std::string& id, bool leads) {
    auto connection = nats::connect({.urls = {server_.url()}});
    auto registry = nats::open_registry(*connection, *Namespace::parse("orders"));
    auto scheduler = make_scheduler();
    Peer peer;
    auto joined = Membership::join(
        *registry, *scheduler,
        {.id = id, .address = "10.0.0.1:80", .labels = {{"zone", "eu-west"}}, .load = 0.25});
    if (!joined) throw std::runtime_error(joined.error().message);
    peer.membership = std::move(*joined);
    if (!leads) return peer;
    peer.election = *Election::make(*registry, *scheduler, {.id = id, .lease = {}, .log = {}});
    auto won = peer.election->acquire({}, std::chrono::seconds(30));
    if (won) peer.leadership = std::move(*won);
    return peer;
  }
  [[nodiscard]] Finished cluster(std::vector<std::string> args) const {
    args.insert(args.begin(), "cluster");
    return aether_at(url_of(server_), args);
  }

  const Server server_{{.version = GetParam()}};
};

INSTANTIATE_TEST_SUITE_P(Versions, ClusterCliTest, tests::kVersions, tests::version_name);

TEST_P(ClusterCliTest, ListsTheMembersAndSaysWhoLeads) {
  const Peer a = started("node-a", true);
  const Peer b = started("node-b", false);

  const auto people = cluster({"members"});
  const auto programs = objects(cluster({"members", "--json"}).out);
  const auto leader = cluster({"leader"});
  const auto leader_json = objects(cluster({"leader", "--json"}).out);

  EXPECT_EQ(people.exit_code, 0) << people.err;
  EXPECT_EQ(people.out,
            "NODE    ADDRESS      STATE  LOAD  LEADS  LABELS\n"
            "node-a  10.0.0.1:80  up     0.25  yes    zone=eu-west\n"
            "node-b  10.0.0.1:80  up     0.25         zone=eu-west\n");
  ASSERT_EQ(programs.size(), 2U);
  EXPECT_EQ(programs[0]["node"], "node-a");
  EXPECT_EQ(programs[0]["leads"], true);
  EXPECT_EQ(programs[1]["leads"], false);
  EXPECT_EQ(programs[1]["labels"]["zone"], "eu-west");
  EXPECT_EQ(programs[1]["state"], "up");
  EXPECT_EQ(leader.exit_code, 0) << leader.err;
  EXPECT_EQ(leader.out, "node-a\n");
  ASSERT_EQ(leader_json.size(), 1U);
  EXPECT_EQ(leader_json[0]["leader"], "node-a");
  EXPECT_GT(leader_json[0]["revision"], 0);
}

TEST_P(ClusterCliTest, OneThatHasCrashedIsNoMember) {
  const Peer b = started("node-b", false);
  const std::string crashed =
      R"({"v":1,"holder":"node-a","tenure":"t","ttl_ms":1000,"count":1,"data":)"
      R"({"address":"","labels":{},"load":0,"state":"up","released":[]}})";
  tests::request(server_, "$KV.aether-cluster-orders.node.node-a", crashed);

  const auto members = cluster({"members"});

  EXPECT_EQ(members.exit_code, 0) << members.err;
  EXPECT_THAT(members.out, AllOf(HasSubstr("node-b"), Not(HasSubstr("node-a"))));
}

TEST_P(ClusterCliTest, WatchTellsWhoComesGoesAndLeads) {
  std::optional<Peer> a = started("node-a", true);
  Program watch(at(url_of(server_), {"cluster", "watch"}), {});
  Program programs(at(url_of(server_), {"cluster", "watch", "--json"}), {});
  ASSERT_TRUE(watch.wait_for("live"));
  ASSERT_TRUE(programs.wait_for("\"live\""));

  const Peer b = started("node-b", false);
  ASSERT_TRUE(watch.wait_for("joined   node-b  10.0.0.1:80  up  0.25"));
  a.reset();

  EXPECT_TRUE(watch.wait_for("leader   (nobody)"));
  EXPECT_TRUE(watch.wait_for("left     node-a"));
  EXPECT_TRUE(programs.wait_for(R"("event":"left","node":"node-a")"));
  watch.signal(SIGINT);
  programs.signal(SIGTERM);
  const auto done = watch.finish();
  EXPECT_EQ(done.exit_code, 130) << done.err;
  EXPECT_THAT(done.out, AllOf(HasSubstr("joined   node-a"), HasSubstr("leader   node-a")));
  EXPECT_EQ(programs.finish().exit_code, 143);
}

TEST_P(ClusterCliTest, WhereThereIsNoneThatIsSaid) {
  const auto none = cluster({"members"});
  EXPECT_EQ(none.exit_code, 3);
  EXPECT_THAT(none.err, HasSubstr("the namespace \"orders\" has no cluster yet"));

  started("node-a", false);
  const auto nobody = cluster({"leader"});
  const auto members = cluster({"members"});

  EXPECT_EQ(nobody.exit_code, 3);
  EXPECT_THAT(nobody.err, HasSubstr("nobody holds \"leader\" now"));
  EXPECT_EQ(members.out, "No members.\n");
  EXPECT_EQ(cluster({}).exit_code, 2);
  EXPECT_EQ(cluster({"leader", "a b"}).exit_code, 2);
  const auto elsewhere = run({"--store", "memory:", "cluster", "members"});
  EXPECT_EQ(elsewhere.exit_code, 8);
  EXPECT_THAT(elsewhere.err, HasSubstr("nats://HOST/NAMESPACE"));
}

}  // namespace
}  // namespace aether::cli::testing
