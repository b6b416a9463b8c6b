// SPDX-License-Identifier: Apache-2.0
// What the doctor says of what he knows.
#include "nats/doctor_verdicts.hpp"
#include "nats/doctor_facts.hpp"
#include "nats/stream_config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace aether::nats {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Field;
using ::testing::HasSubstr;

const Namespace& orders() {
  static const Namespace ns = *Namespace::parse("orders");
  return ns;
}

/// Of three new servers, a year's retention, a day after the stream was made.
Facts good_facts() {
  Facts facts{.server = {.name = "n1", .version = "2.15.1", .url = "nats://n1"},
              .max_payload = 1'048'576,
              .account = AccountInfo{.level = 5},
              .events = StreamInfo{.config = stream_config(StreamKind::events, orders(), {}),
                                   .created = Timestamp(1h),
                                   .messages = 100,
                                   .bytes = 10'000,
                                   .first_sequence = 1,
                                   .last_sequence = 100,
                                   .first_time = Timestamp(1h),
                                   .leader = "n1",
                                   .peers = {{.name = "n2", .is_current = true},
                                             {.name = "n3", .is_current = true}},
                                   .server_time = Timestamp(25h)},
              .clock = ClockReading{.ahead = 3ms, .uncertainty = 5ms},
              .append = Result<void>(),
              .rights = UserRights{.is_limited = true, .allowed = {"a"}}};
  for (const std::string name : {"n1", "n2", "n3"}) {
    facts.servers.emplace_back(ServerSync{.name = name, .always = true});
  }
  facts.events->config.replicas = 3;
  facts.events->config.duplicate_window_ns = std::chrono::nanoseconds(2min).count();
  facts.snapshots = std::unexpected(ApiError{.code = ApiCode::stream_not_found});
  facts.now = facts.events->server_time;
  return facts;
}

::testing::Matcher<std::vector<Check>> Lists(const std::string& what,  // NOLINT: as GoogleTest's
                                             Verdict verdict, const std::string& found) {
  return Contains(AllOf(Field(&Check::what, what), Field(&Check::verdict, verdict),
                        Field(&Check::found, HasSubstr(found))));
}

std::vector<Check> judged(const Facts& facts) { return judge(facts, orders()); }

TEST(DoctorVerdicts, AreAllFineWhereAllIsFine) {
  for (const Check& check : judged(good_facts())) {
    EXPECT_EQ(check.verdict, Verdict::ok) << check.what << ": " << check.found;
    EXPECT_EQ(check.advice, "");
  }
}

TEST(DoctorVerdicts, SayWhatToDoWhereSomethingIsToBeDone) {
  Facts facts = good_facts();
  facts.server.version = "2.9.10";
  facts.account = AccountInfo{.level = 0, .storage = 95, .max_storage = 100};
  facts.max_payload = 1'000;
  facts.events->deleted = 3;
  facts.events->config.deny_purge = false;
  facts.denied = {"x"};
  facts.hears = false;

  for (const Check& check : judged(facts)) {
    EXPECT_EQ(check.advice.empty(), check.verdict == Verdict::ok) << check.what;
  }
}

TEST(DoctorVerdicts, KnowWhichServersAreSound) {
  for (const auto& [version, verdict] : {std::pair{"2.15.1", Verdict::ok},
                                         {"2.14.3", Verdict::ok},
                                         {"2.14.2", Verdict::note},
                                         {"2.13.9", Verdict::note},
                                         {"2.12.12", Verdict::ok},
                                         {"2.12.11", Verdict::note},
                                         {"2.11.0", Verdict::note},
                                         {"2.10.29", Verdict::problem},
                                         {"2.8.4", Verdict::problem},
                                         {"3.0.0", Verdict::ok},
                                         {"2.14.3-RC.1", Verdict::ok},
                                         {"what", Verdict::problem}}) {
    Facts facts = good_facts();
    facts.server.version = version;
    EXPECT_THAT(judged(facts), Lists("server", verdict, version));
  }
  Facts alone = good_facts();
  alone.server.version = "2.9.10";
  alone.events->config.replicas = 1;
  EXPECT_THAT(judged(alone), Lists("server", Verdict::note, "2.9.10"));
}

TEST(DoctorVerdicts, NameReplicasThatAreAwayOrBehind) {
  Facts facts = good_facts();
  facts.events->peers[1].lag = 7;
  EXPECT_THAT(judged(facts), Lists("replicas", Verdict::note, "n3 is behind by 7"));
  facts.events->peers[1].silent = 4s;
  EXPECT_THAT(judged(facts), Lists("replicas", Verdict::problem, "n3 was last heard of 4 s ago"));
  facts.events->peers[1].is_offline = true;
  EXPECT_THAT(judged(facts), Lists("replicas", Verdict::problem, "n3 is offline"));
  facts.events->peers.pop_back();
  EXPECT_THAT(judged(facts), Lists("replicas", Verdict::problem, "n2 is current"));
  facts = good_facts();
  facts.events->leader.clear();
  EXPECT_THAT(judged(facts), Lists("replicas", Verdict::problem, "nobody leads"));
}

TEST(DoctorVerdicts, SayWhatRetentionTakesNext) {
  Facts facts = good_facts();
  EXPECT_THAT(judged(facts), Lists("retention", Verdict::ok,
                                   "the oldest is 24 hours old, and goes at 1971-01-01T01:00:00"));
  facts.now = Timestamp(24h * 340);
  EXPECT_THAT(judged(facts), Lists("retention", Verdict::note, "the oldest is 339 days old"));
  facts.now = facts.events->server_time = Timestamp(24h * 366);
  facts.events->first_time = Timestamp(24h * 2);
  facts.events->first_sequence = 8;
  EXPECT_THAT(judged(facts), Lists("retention", Verdict::note, "7 commits gone already"));
  facts.events->config.max_age_ns = 0;
  EXPECT_THAT(judged(facts), Lists("retention", Verdict::ok, "for ever"));
  EXPECT_THAT(judged(facts),
              Lists("events", Verdict::problem, "7 messages missing from the stream's beginning"));
  facts.events->deleted = 2;
  EXPECT_THAT(judged(facts), Lists("events", Verdict::problem, "2 messages missing from within"));
}

TEST(DoctorVerdicts, SayHowFullTheStreamIs) {
  Facts facts = good_facts();
  facts.events->config.max_bytes = 12'000;
  EXPECT_THAT(judged(facts), Lists("room", Verdict::note, "83 % of max_bytes"));
  facts.events->config.max_messages = 101;
  EXPECT_THAT(judged(facts), Lists("room", Verdict::problem, "99 % of max_msgs"));
  facts.account = AccountInfo{.level = 5, .storage = 91, .max_storage = 100};
  EXPECT_THAT(judged(facts), Lists("account", Verdict::problem, "91 of 100 bytes"));
}

TEST(DoctorVerdicts, CountConsumersWhereReadsNeedThem) {
  Facts facts = good_facts();
  facts.events->consumers = 950;
  facts.events->config.max_consumers = 1'000;
  const auto consumers = Lists("consumers", Verdict::problem, "950 of 1000");
  EXPECT_THAT(judged(facts), ::testing::Not(consumers));
  facts.events->config.allow_direct = false;
  EXPECT_THAT(judged(facts), consumers);
  facts.events->config.max_consumers = -1;
  EXPECT_THAT(judged(facts), consumers) << "newer servers stop at a thousand by themselves";
}

TEST(DoctorVerdicts, TakeNoServersWordForAnothersDisk) {
  Facts facts = good_facts();
  EXPECT_THAT(judged(facts), Lists("sync", Verdict::ok, "n1, n2, n3"));
  facts.servers.pop_back();
  EXPECT_THAT(judged(facts), Lists("sync", Verdict::note,
                                   "not known whether these wait for their "
                                   "disks: n3"));
  facts.servers.emplace_back(ServerSync{.name = "n3"});
  EXPECT_THAT(judged(facts), Lists("sync", Verdict::note, "may take two minutes: n3"));
  facts.events->config.storage = "memory";
  EXPECT_THAT(judged(facts), Lists("storage", Verdict::note, "in memory"));
}

TEST(DoctorVerdicts, MeasureClocksNoFinerThanTheyCanBeRead) {
  Facts facts = good_facts();
  facts.clock = ClockReading{.ahead = -1'500ms, .uncertainty = 600ms};
  EXPECT_THAT(judged(facts),
              Lists("clock", Verdict::ok, "differ by 1500 ms (give or take 600 ms)"));
  facts.clock = ClockReading{.ahead = -1'500ms, .uncertainty = 10ms};
  EXPECT_THAT(judged(facts), Lists("clock", Verdict::note, "1500 ms behind ours"));
  facts.clock = ClockReading{.ahead = 61s, .uncertainty = 1s};
  EXPECT_THAT(judged(facts), Lists("clock", Verdict::problem, "ahead of ours"));
  facts.clock.reset();
  EXPECT_THAT(judged(facts), Lists("clock", Verdict::note, "did not tell"));
}

TEST(UserRights, AreWhatIsAllowedAndNotDenied) {
  EXPECT_TRUE(UserRights{}.may_publish("a.b"));
  const UserRights rights{.is_limited = true, .allowed = {"a.*", "b.>", "c"}, .denied = {"b.x.>"}};
  for (const char* const subject : {"a.b", "b.c", "b.c.d", "b.x", "c"}) {
    EXPECT_TRUE(rights.may_publish(subject)) << subject;
  }
  for (const char* const subject : {"a", "a.b.c", "b", "b.x.y", "c.d", "d", "ab"}) {
    EXPECT_FALSE(rights.may_publish(subject)) << subject;
  }
  EXPECT_TRUE((UserRights{.is_limited = true, .denied = {"a"}}.may_publish("b")));
}

TEST(DoctorJson, ReadsWhatServersSayOfUsersAccountsAndDisks) {
  const auto rights = parse_user_rights(
      R"({"data":{"user":"a","permissions":{"publish":{"allow":["x"],"deny":["y"]}}}})");
  ASSERT_TRUE(rights.has_value());
  EXPECT_TRUE(rights->is_limited);
  EXPECT_THAT(rights->allowed, ::testing::ElementsAre("x"));
  EXPECT_THAT(rights->denied, ::testing::ElementsAre("y"));
  EXPECT_FALSE(parse_user_rights(R"({"data":{"user":"a"}})")->is_limited);
  EXPECT_FALSE(parse_user_rights("{").has_value());

  const auto account = parse_account(
      R"({"memory":1,"storage":2,"limits":{"max_memory":3,"max_storage":4},"api":{"level":5}})");
  ASSERT_TRUE(account.has_value());
  EXPECT_EQ(account->level, 5U);
  EXPECT_EQ(account->storage, 2);
  EXPECT_EQ(account->max_storage, 4);
  EXPECT_FALSE(parse_account(R"({"error":{"code":503,"err_code":10039}})").has_value());

  const auto sync = parse_server_sync(
      R"({"server_name":"n1","jetstream":{"config":{"sync_interval":5,"sync_always":true}}})");
  ASSERT_TRUE(sync.has_value());
  EXPECT_TRUE(sync->always);
  EXPECT_EQ(sync->interval, 5ns);
  EXPECT_FALSE(parse_server_sync(R"({"server_name":"n1"})")->always);
  EXPECT_FALSE(parse_server_sync("[]").has_value());
}

}  // namespace
}  // namespace aether::nats
