// SPDX-License-Identifier: Apache-2.0
#include "cluster/roster.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace aether::cluster {
namespace {

using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace): for times
constexpr BootTime kNow = 100s;

class RosterTest : public ::testing::Test {
 protected:
  void see(std::uint64_t revision, std::string_view holder, std::string data = format_member({})) {
    (void)roster_.see({.key = "node.a",
                       .value = format_lease({.holder = std::string(holder),
                                              .tenure = "t1",
                                              .ttl = 1'000ms,
                                              .count = revision,
                                              .data = std::move(data)}),
                       .revision = revision},
                      kNow);
  }
  const Roster::Node& node() { return roster_.nodes().at("a"); }

  std::vector<std::string> log_;
  Roster roster_{LeaseOptions{},
                 [this](LogLevel, std::string_view text) { log_.emplace_back(text); }};
};

TEST_F(RosterTest, KnowsWhoIsUpUntilTheLeaseRunsOut) {
  Member data;
  data.node.address = "host:1";
  data.state = MemberState::leaving;
  data.released = {{.shard = 3, .epoch = 7}};

  see(5, "a", format_member(data));

  EXPECT_TRUE(Roster::is_up(node(), kNow + 1s));
  EXPECT_FALSE(Roster::is_up(node(), kNow + 1'020ms));
  EXPECT_FALSE(Roster::is_gone(node()));
  EXPECT_EQ(node().name, "t1");
  EXPECT_EQ(node().data.node.address, "host:1");
  EXPECT_EQ(node().data.state, MemberState::leaving);
  EXPECT_EQ(node().data.released, data.released);
}

TEST_F(RosterTest, IsNotMisledByARecordThatComesLate) {
  roster_.live(true, kNow);
  see(6, "");
  see(5, "a");

  EXPECT_TRUE(Roster::is_gone(node()));
}

TEST_F(RosterTest, IgnoresARecordThatAnotherNodeHolds) {
  see(5, "b");

  EXPECT_FALSE(Roster::is_up(node(), kNow));
  EXPECT_FALSE(Roster::is_gone(node())) << "who held it before may hold it still";
  EXPECT_EQ(log_.size(), 1U);
}

TEST_F(RosterTest, IgnoresARecordWhoseDataCannotBeRead) {
  see(5, "a", R"({"released":[[1]]})");

  EXPECT_FALSE(Roster::is_up(node(), kNow));
  EXPECT_EQ(log_.size(), 1U);
}

TEST_F(RosterTest, KnowsWhoIsToBeDrained) {
  (void)roster_.see({.key = "drain.a", .value = "{}", .revision = 1}, kNow);
  EXPECT_TRUE(roster_.is_drained("a"));

  (void)roster_.see({.key = "drain.a", .value = "", .revision = 2}, kNow);
  EXPECT_FALSE(roster_.is_drained("a"));
}

}  // namespace
}  // namespace aether::cluster
