// SPDX-License-Identifier: Apache-2.0
// What networks and servers do to a registry, and which streams it takes. What it promises is in
// tests/nats/registry_conformance_test.cpp.
#include "aether/nats/registry.hpp"

#include "core/base64.hpp"
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
INSTANTIATE_TEST_SUITE_P(Versions, NatsRegistryTest, tests::kVersions, tests::version_name);

TEST_P(NatsRegistryTest, ALostAnswerIsMadeUpForByReading) {
  const std::uint64_t first = others_put("before", 0);
  auto put = begin_put(mine(), "mine", first, 2s);  // once as usual, so that all is set up
  const PutOutcome second = put.get();
  ASSERT_THAT(second, Succeeds());
  lose_answers();

  const PutOutcome third = begin_put(mine(), "again", *second, 2s).get();

  ASSERT_THAT(third, Succeeds());
  EXPECT_GT(proxy_.swallowed(), 0U);
  EXPECT_EQ(*third, RegistryTest::try_get(other(), "leader").value()->revision);
  EXPECT_EQ(value(), "again");
}

TEST_P(NatsRegistryTest, OneWhoseAnswerIsLostAndThatAnotherFollowedIsUnknown) {
  mine();
  lose_answers();

  auto put = begin_put(mine(), "mine", 0, 4s);
  ASSERT_TRUE(eventually([&] { return value() == "mine"; }));
  others_put("theirs", RegistryTest::try_get(other(), "leader").value()->revision);

  const PutOutcome outcome = put.get();
  ASSERT_THAT(outcome, FailsWith(Errc::outcome_unknown));
  EXPECT_THAT(outcome.error().message, HasSubstr("leader"));
}

TEST_P(NatsRegistryTest, OneWhoseAnswerIsLostAndThatCameTooLateConflicts) {
  mine();
  others_put("theirs", 0);
  lose_answers();

  EXPECT_THAT(begin_put(mine(), "mine", 0, 2s).get(), FailsWith(Errc::version_conflict));
  EXPECT_GT(proxy_.swallowed(), 0U);
}

TEST_P(NatsRegistryTest, OneThatArrivesLateIsDoneOnlyIfNobodyWasFaster) {
  mine();
  proxy_.stall();
  EXPECT_THAT(begin_put(mine(), "late", 0, 200ms).get(), FailsWith(Errc::outcome_unknown));
  proxy_.resume();
  ASSERT_TRUE(eventually([&] { return value() == "late"; }));
  const std::uint64_t at = RegistryTest::try_get(other(), "leader").value()->revision;

  proxy_.stall();
  EXPECT_THAT(begin_put(mine(), "too late", at, 200ms).get(), FailsWith(Errc::outcome_unknown));
  const std::uint64_t next = others_put("theirs", at);
  proxy_.resume();

  EXPECT_THAT(begin_put(mine(), "after", next, 10s).get(), Succeeds())
      << "what was sent before has arrived by now";
}

TEST_P(NatsRegistryTest, WithoutAConnectionNothingIsDoneAndThatIsToldAtOnce) {
  mine();
  server_.kill_9();

  ASSERT_TRUE(eventually([&] {
    const auto begun = std::chrono::steady_clock::now();
    const PutOutcome outcome = begin_put(mine(), "x", 0, 20s).get();
    EXPECT_FALSE(outcome);
    const bool is_soon = std::chrono::steady_clock::now() - begun < 10s;
    return is_soon && outcome.error().code == Errc::unavailable;
  }));
  EXPECT_THAT(RegistryTest::try_get(mine(), ".."), FailsWith(Errc::invalid_argument));
  server_.restart();
  EXPECT_EQ(RegistryTest::try_get(mine(), "leader").value(), std::nullopt) << "a get waits for it";
}

TEST_P(NatsRegistryTest, APutEndsAlsoWhenTheRegistryGoes) {
  auto registry = opened(proxy_.url());
  proxy_.stall();
  auto put = begin_put(*registry, "x", 0, 300ms);

  registry.reset();

  EXPECT_THAT(put.get(), FailsWith(Errc::outcome_unknown));
}

TEST_P(NatsRegistryTest, TheBucketIsAsTheToolsMakeIt) {
  others_put("1", 0);
  const PutOutcome removed = RegistryTest::try_put(
      other(), "leader", "", RegistryTest::try_get(other(), "leader").value()->revision);

  EXPECT_THAT(removed, Succeeds());
  EXPECT_THAT(ask("STREAM.INFO"),
              AllOf(HasSubstr(R"("subjects":["$KV.aether-cluster-prod__eu.\u003e"])"),
                    HasSubstr(R"("max_msgs_per_subject":1,)"),
                    HasSubstr(R"("allow_rollup_hdrs":true)"), HasSubstr(R"("deny_delete":true)"),
                    HasSubstr(R"("discard":"new")"), HasSubstr(R"("max_age":0,)"),
                    HasSubstr(R"("max_consumers":100000)"), HasSubstr(R"("allow_direct":true)")));
  const auto message = nlohmann::json::parse(
      ask("STREAM.MSG.GET", R"({"last_by_subj":"$KV.aether-cluster-prod__eu.leader"})"));
  std::string headers;
  ASSERT_TRUE(
      decode_base64(headers, message["message"]["hdrs"].get<std::string>(), Base64::standard));
  EXPECT_THAT(headers, AllOf(HasSubstr("KV-Operation: DEL\r\n"),
                             HasSubstr("Nats-Msg-Id: leader:1\r\n"), HasSubstr("Aether-Put: ")));
}

TEST_P(NatsRegistryTest, EachNamespaceHasABucketOfItsOwn) {
  const std::vector<std::string> namespaces{"a.b",  "a_b",  "a-b",  "a__b", "a_-b",  "a_.b", "a._b",
                                            "a.-b", "a-.b", "a--b", "ab",   "a.b.c", "a"};
  std::vector<std::shared_ptr<Registry>> registries;
  for (const std::string& ns : namespaces) {
    registries.push_back(opened(server_.url(), ns));
    EXPECT_THAT(RegistryTest::try_put(*registries.back(), "b", ns, 0), Succeeds()) << ns;
  }

  for (std::size_t i = 0; i < namespaces.size(); ++i) {
    const auto entry = RegistryTest::try_get(*registries[i], "b");
    ASSERT_THAT(entry, Succeeds());
    EXPECT_EQ((*entry)->value, namespaces[i]);
  }
  EXPECT_THAT(
      open_registry(connection_to(server_.url()),
                    *Namespace::parse(concat(std::string(64, 'a'), ".", std::string(64, 'b'), ".",
                                             std::string(64, 'c'), ".", std::string(64, 'd')))),
      FailsWith(Errc::invalid_argument));
}

TEST_P(NatsRegistryTest, OnlyAStreamInWhichNothingVanishesWillDo) {
  const auto refused = [&](const RegistryOptions& options) {
    return open_registry(connection_to(server_.url()), *Namespace::parse("prod.eu"), options);
  };
  EXPECT_THAT(refused({.timeout = 0ms}), FailsWith(Errc::invalid_argument));
  const auto missing = refused({.create = false});
  ASSERT_THAT(missing, FailsWith(Errc::not_found));
  EXPECT_THAT(missing.error().message, HasSubstr(std::string(kRegistryStream)));

  const nlohmann::json good = {
      {"name", kRegistryStream},  {"subjects", {concat(kRegistrySubject, ">")}},
      {"storage", "file"},        {"max_msgs_per_subject", 1},
      {"discard", "new"},         {"deny_delete", true},
      {"allow_rollup_hdrs", true}};
  std::vector<std::pair<nlohmann::json, std::string>> bad = {
      {{{"subjects", {concat(kRegistrySubject, "*")}}}, "its subjects"},
      {{{"max_age", 60'000'000'000}, {"duplicate_window", 60'000'000'000}}, "max_age"},
      {{{"no_ack", true}}, "does not acknowledge"},
      {{{"retention", "interest"}}, "retention"},
      {{{"max_msgs_per_subject", 5}}, "history is 5"},
      {{{"discard_new_per_subject", true}}, "discard_new_per_subject"},
      {{{"discard", "old"}, {"max_bytes", 1'000'000}}, "discard must be new"},
      {{{"deny_delete", false}}, "deny_delete"},
      {{{"storage", "memory"}}, "memory"}};
  if (GetParam() == tests::ServerVersion::v2_15) {
    bad.push_back({{{"allow_msg_ttl", true}}, "allow_msg_ttl"});
    bad.push_back(
        {{{"subject_transform",
           {{"src", concat(kRegistrySubject, ">")}, {"dest", concat(kRegistrySubject, ">")}}}},
         "transforms"});
  }
  for (const auto& [changes, fault] : bad) {
    nlohmann::json config = good;
    config.update(changes);
    // The server may still be removing the one before.
    ASSERT_TRUE(eventually([&] {
      return ask("STREAM.CREATE", config.dump()).contains("\"config\"");
    })) << fault;

    const auto outcome = refused({});

    ASSERT_THAT(outcome, FailsWith(Errc::invalid_argument)) << fault;
    EXPECT_THAT(outcome.error().message,
                AllOf(HasSubstr(std::string(kRegistryStream)), HasSubstr(fault)));
    ASSERT_THAT(ask("STREAM.DELETE"), HasSubstr("success"));
  }
  ASSERT_TRUE(eventually([&] { return ask("STREAM.CREATE", good.dump()).contains("\"config\""); }));
  EXPECT_THAT(refused({.replicas = 3}), FailsWith(Errc::invalid_argument));
  EXPECT_THAT(refused({}), Succeeds());
}

}  // namespace
}  // namespace aether::nats
