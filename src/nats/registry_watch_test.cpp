// SPDX-License-Identifier: Apache-2.0
// A watch misses nothing for good, whatever is lost on the way.
#include "aether/nats/registry.hpp"

#include "nats/registry_fixture.hpp"

namespace aether::nats {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using testing::eventually;
using testing::FailsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::RegistryTest;
using testing::Sight;
using testing::Succeeds;
using NatsRegistryWatchTest = NatsRegistryTest;

INSTANTIATE_TEST_SUITE_P(Versions, NatsRegistryWatchTest, tests::kVersions, tests::version_name);

TEST_P(NatsRegistryWatchTest, AWatchSeesWhatHappenedWhileTheConnectionWasLost) {
  Sight sight;
  WatchLife life;
  const auto watch = mine().watch(life.watching(sight));
  ASSERT_TRUE(life.wait_for_begins(1));
  std::uint64_t at = others_put("1", 0);
  ASSERT_TRUE(sight.wait_for("leader", "1"));

  proxy_.cut();
  at = others_put("2", at);
  ASSERT_TRUE(sight.wait_for("leader", "2"));
  ASSERT_TRUE(life.wait_for_begins(2));
  EXPECT_EQ(life.ends(), 1);

  server_.kill_9();
  ASSERT_TRUE(life.wait_for_ends(2));
  server_.restart();
  ASSERT_TRUE(eventually([&] { return begin_put(other(), "3", at, 2s).get().has_value(); }));
  EXPECT_TRUE(sight.wait_for("leader", "3"));
  EXPECT_TRUE(life.wait_for_begins(3));
}

TEST_P(NatsRegistryWatchTest, AMessageThatIsLostOnItsWayIsMissedForAMoment) {
  Sight sight;
  WatchLife life;
  const auto watch = mine().watch(life.watching(sight));
  ASSERT_TRUE(life.wait_for_begins(1));
  proxy_.swallow([was = false](const tests::ServerFrame& frame) mutable {
    return !was && (was = frame.content.ends_with("lost"));
  });

  others_put("lost", 0);
  ASSERT_TRUE(eventually([&] { return proxy_.swallowed() == 1; }));

  EXPECT_TRUE(sight.wait_for("leader", "lost")) << "a sign of life tells";
  EXPECT_TRUE(life.wait_for_begins(2));
  EXPECT_EQ(proxy_.swallowed(), 1U);
}

TEST_P(NatsRegistryWatchTest, AMessageThatIsLostBeforeAnotherIsMissedForAMoment) {
  Sight sight;
  WatchLife life;
  const auto watch = mine().watch(life.watching(sight));
  ASSERT_TRUE(life.wait_for_begins(1));
  // Signs of life, too: the next message alone must tell.
  proxy_.swallow([was = false](const tests::ServerFrame& frame) mutable {
    if (frame.content.contains("Idle Heartbeat")) return true;
    return !was && (was = frame.content.ends_with("lost"));
  });

  others_put("lost", 0);
  publish("next", "x");
  EXPECT_TRUE(life.wait_for_ends(1));
  proxy_.swallow({});

  EXPECT_TRUE(sight.wait_for("leader", "lost"));
  EXPECT_TRUE(life.wait_for_begins(2));
  EXPECT_TRUE(log_.has("message 2 came after message 0"));
}

// As one does that has fallen behind: it says that it has nothing. Then only the leader can tell.
TEST_P(NatsRegistryWatchTest, AServerThatKeepsAChangeToItselfIsFoundOut) {
  Sight sight;
  WatchLife life;
  const auto watch = mine().watch(life.watching(sight));
  ASSERT_TRUE(life.wait_for_begins(1));
  std::string first;  // the inbox of the consumer that is to be such a one
  bool is_kept_back = false;
  proxy_.replace([&](const tests::ServerFrame& frame) -> std::optional<tests::ServerMessage> {
    const bool is_sign_of_life = frame.content.contains("Idle Heartbeat");
    if (is_sign_of_life && first.empty()) first = frame.subject;
    const bool is_change = !is_kept_back && frame.content.ends_with("kept back");
    is_kept_back = is_kept_back || is_change;
    if (!is_change && (!is_sign_of_life || frame.subject != first)) return std::nullopt;
    return tests::ServerMessage{.headers =
                                    "NATS/1.0 100 Idle Heartbeat\r\nNats-Last-Consumer: 0\r\n\r\n"};
  });
  ASSERT_TRUE(eventually([&] { return proxy_.replaced() > 0; }));

  others_put("kept back", 0);

  EXPECT_TRUE(sight.wait_for("leader", "kept back"));
  EXPECT_TRUE(life.wait_for_begins(2));
  EXPECT_TRUE(log_.has("revision 1 has not come"));
  proxy_.replace({});
}

TEST_P(NatsRegistryWatchTest, AWatchThatHearsNothingBeginsAnew) {
  Sight sight;
  WatchLife life;
  const auto watch = mine().watch(life.watching(sight));
  ASSERT_TRUE(life.wait_for_begins(1));
  std::string silent;
  proxy_.swallow([&](const tests::ServerFrame& frame) {
    if (silent.empty() && frame.content.contains("Idle Heartbeat")) silent = frame.subject;
    return !silent.empty() && frame.subject == silent;
  });

  ASSERT_TRUE(life.wait_for_ends(1));
  others_put("after", 0);

  EXPECT_TRUE(sight.wait_for("leader", "after"));
  EXPECT_TRUE(life.wait_for_begins(2));
  proxy_.swallow({});
}

TEST_P(NatsRegistryWatchTest, AllWatchesShareAConsumerWhichGoesWithTheLast) {
  const auto consumers = [&] {
    return nlohmann::json::parse(ask("STREAM.INFO"))["state"]["consumer_count"].get<int>();
  };
  Sight first;
  Sight second;
  auto watch = mine().watch(first.watcher());
  ASSERT_TRUE(first.wait_until_live());
  others_put("1", 0);
  ASSERT_TRUE(first.wait_for("leader", "1"));

  auto another = mine().watch(second.watcher());
  ASSERT_TRUE(second.wait_until_live());

  EXPECT_EQ(second.present(), first.entries());
  EXPECT_EQ(consumers(), 1);
  watch.reset();
  another.reset();
  EXPECT_TRUE(eventually([&] { return consumers() == 0; }));
  watch = mine().watch(first.watcher());
  EXPECT_TRUE(eventually([&] { return consumers() == 1; }));
}

TEST_P(NatsRegistryWatchTest, WhatOthersWroteIsDeliveredAsItIsUnlessItsKeyIsNone) {
  Sight sight;
  WatchLife life;
  const auto watch = mine().watch(life.watching(sight));
  ASSERT_TRUE(life.wait_for_begins(1));
  const std::string forged = concat("{\"v\":1,\"holder\":", std::string(70'000, '['));
  const Header purge[] = {{.name = "KV-Operation", .value = "PURGE"},
                          {.name = "Nats-Rollup", .value = "sub"}};

  publish("node.a", forged);
  publish("a=b", "x");
  publish("a/b", "x");
  publish("node.a", "", purge);
  publish("end", "x");

  ASSERT_TRUE(sight.wait_for("end", "x"));
  EXPECT_EQ(sight.entries(),
            (std::vector<Registry::Entry>{{.key = "node.a", .value = forged, .revision = 1},
                                          {.key = "node.a", .value = "", .revision = 4},
                                          {.key = "end", .value = "x", .revision = 5}}));
  EXPECT_EQ(life.ends(), 0);
}

TEST_P(NatsRegistryWatchTest, OneWhoseLastMessageWasPurgedIsWatchedOn) {
  others_put("1", 0);
  publish("last", "x");
  ASSERT_THAT(ask("STREAM.PURGE", R"({"filter":"$KV.aether-cluster-prod__eu.last"})"),
              HasSubstr(R"("success":true)"));
  Sight sight;
  WatchLife life;

  const auto watch = mine().watch(life.watching(sight));

  ASSERT_TRUE(life.wait_for_begins(1));
  publish("next", "x");
  EXPECT_TRUE(sight.wait_for("next", "x"));
  EXPECT_EQ(life.ends(), 0);
}

TEST_P(NatsRegistryWatchTest, OneThatIsMadeAnewIsNotTakenForTheSame) {
  Sight sight;
  WatchLife life;
  const auto watch = mine().watch(life.watching(sight));
  others_put("1", 0);
  ASSERT_TRUE(sight.wait_for("leader", "1"));
  ASSERT_TRUE(life.wait_for_begins(1));

  ASSERT_THAT(ask("STREAM.DELETE"), HasSubstr(R"("success":true)"));
  const auto anew = opened(server_.url());
  ASSERT_THAT(RegistryTest::try_put(*anew, "leader", "2", 0), Succeeds());

  EXPECT_TRUE(eventually([&] { return log_.has("restart all nodes"); }));
  EXPECT_TRUE(life.wait_for_ends(1));
  EXPECT_TRUE(sight.wait_for("leader", "1")) << "what the new one says counts for nothing";
}

}  // namespace
}  // namespace aether::nats
