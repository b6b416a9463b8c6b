// SPDX-License-Identifier: Apache-2.0
// Streams that somebody has made, filled or taken away by hand; servers that are none for a store.
#include "aether/nats/store.hpp"
#include "aether/store/audit.hpp"
#include "nats/commit_message.hpp"
#include "nats/hand_made_stream.hpp"
#include "nats/session.hpp"
#include "testing/matchers.hpp"
#include "testing/waiting.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace aether::nats {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using testing::eventually;
using testing::FailsWith;
using ::testing::HasSubstr;
using testing::Succeeds;
using tests::ServerVersion;

using Clock = std::chrono::steady_clock;

/// For how long servers go away: several timeouts, or AETHER_NATS_AWAY_SECONDS.
Clock::duration away() {
  const char* const seconds = std::getenv("AETHER_NATS_AWAY_SECONDS");
  return seconds != nullptr ? Clock::duration(std::chrono::seconds(std::atoi(seconds)))
                            : Clock::duration(1s);
}

Event strange(const std::string& actor_id, std::string id = {}, Version version = 0) {
  return {
      .id = std::move(id), .event_type = "OrderPlaced", .actor_id = actor_id, .version = version};
}

class StrangeStreamsTest : public ::testing::TestWithParam<ServerVersion> {
 protected:
  void start(tests::ServerOptions options = {}) {
    options.version = GetParam();
    server_.emplace(std::move(options));
  }
  Result<std::unique_ptr<Store>> opened(const std::string& user = "",
                                        const StoreOptions& options = {}) {
    auto connection = connect({.urls = {server_->url()},
                               .user = user,
                               .password = user,
                               .connect_timeout = 200ms,
                               .ping_interval = 50ms,
                               .reconnect = {.wait = 10ms, .jitter = 0ms}});
    if (!connection) return std::unexpected(connection.error());
    return open(std::move(*connection), ns_, options);
  }
  [[nodiscard]] bool is_old() const { return GetParam() == ServerVersion::v2_9; }

  const Namespace ns_ = *Namespace::parse("prod.eu");
  std::optional<tests::NatsServer> server_;
};

INSTANTIATE_TEST_SUITE_P(Versions, StrangeStreamsTest, tests::kVersions, tests::version_name);

TEST_P(StrangeStreamsTest, AStreamThatCannotKeepEventsIsRefusedWithTheSettingThatIsWrong) {
  using Json = nlohmann::json;
  struct Wrong {
    Json changes;
    std::string named;
    bool is_new = false;  // old servers do not know it
  };
  start();
  const Json guards{{"deny_delete", false}, {"deny_purge", false}};
  Json rollup = guards;
  rollup["allow_rollup_hdrs"] = true;
  Json expiring = guards;
  expiring["allow_msg_ttl"] = true;
  const Json mirror{{"mirror", {{"name", "other"}}}, {"subjects", Json::array()}};
  const Json transform{
      {"subject_transform",
       {{"src", "aether.ev.prod.eu.*.*"}, {"dest", "aether.ev.prod.eu.x.{{wildcard(2)}}"}}}};
  tests::request(*server_, "$JS.API.STREAM.CREATE.other", R"({"name":"other","subjects":["o"]})");
  for (const Wrong& wrong : {
           Wrong{{{"retention", "workqueue"}}, "workqueue"},
           Wrong{{{"retention", "interest"}}, "interest"},
           Wrong{{{"no_ack", true}}, "no_ack"},
           Wrong{{{"subjects", {"aether.ev.prod.eu.>"}}}, "subjects"},
           Wrong{{{"subjects", {"aether.ev.prod.eu.*.*", "more"}}}, "subjects"},
           Wrong{{{"max_msgs_per_subject", 5}}, "max_msgs_per_subject"},
           Wrong{{{"discard", "old"}, {"max_msgs", 5}}, "discard"},
           Wrong{{{"discard", "old"}, {"max_bytes", 5'000}}, "discard"},
           Wrong{mirror, "subjects"},
           Wrong{rollup, "allow_rollup_hdrs"},
           Wrong{expiring, "allow_msg_ttl", true},
           Wrong{{{"persist_mode", "async"}}, "persist_mode", true},
           Wrong{transform, "transforms", true},
       }) {
    if (is_old() && wrong.is_new) continue;
    tests::make_stream(*server_, ns_, wrong.changes);

    const auto refused = opened();

    ASSERT_THAT(refused, FailsWith(Errc::invalid_argument)) << wrong.changes.dump();
    EXPECT_THAT(refused.error().message,
                AllOf(HasSubstr(wrong.named), HasSubstr("aether=ev=prod=eu")));
    const std::string removed = tests::request(*server_, "$JS.API.STREAM.DELETE.aether=ev=prod=eu");
    ASSERT_THAT(removed, HasSubstr("success"));
  }
  EXPECT_THAT(opened(), Succeeds());
}

TEST_P(StrangeStreamsTest, ASealedStreamIsRefused) {
  start();
  ASSERT_THAT(opened(), Succeeds());
  tests::change_stream(*server_, ns_, {{"sealed", true}});

  const auto refused = opened();

  ASSERT_THAT(refused, FailsWith(Errc::invalid_argument));
  EXPECT_THAT(refused.error().message, HasSubstr("sealed"));
}

TEST_P(StrangeStreamsTest, AnotherStreamThatTakesTheSubjectsIsNamedAsTheReason) {
  start();
  tests::request(*server_, "$JS.API.STREAM.CREATE.all",
                 R"({"name":"all","subjects":["aether.>"]})");

  const auto refused = opened();

  ASSERT_THAT(refused, FailsWith(Errc::invalid_argument));
  EXPECT_THAT(refused.error().message, HasSubstr("overlap"));
}

TEST_P(StrangeStreamsTest, AServerWithoutJetStreamIsUnsupported) {
  start({.jetstream = false});

  const auto refused = opened();

  ASSERT_THAT(refused, FailsWith(Errc::unsupported));
  EXPECT_THAT(refused.error().message, HasSubstr("JetStream"));
}

TEST_P(StrangeStreamsTest, AnAccountWithoutJetStreamIsUnsupported) {
  start({.config = "accounts { A { users: [{user: a, password: a}] }, B { jetstream: enabled } }"});

  const auto refused = opened("a");

  ASSERT_THAT(refused, FailsWith(Errc::unsupported));
  EXPECT_THAT(refused.error().message, HasSubstr("account"));
}

TEST_P(StrangeStreamsTest, AWrongPasswordIsPermissionDenied) {
  start({.config = "authorization { user: red, password: secret }"});

  EXPECT_THAT(opened("red"), FailsWith(Errc::permission_denied));
}

TEST_P(StrangeStreamsTest, AServerThatIsAwayForManyTimeoutsLosesNothingAndIsUsedAgain) {
  constexpr auto kTimeout = 150ms;
  start();
  const auto store = *opened("", {.timeout = kTimeout});
  std::atomic<Version> seen = 0;
  const auto subscription =
      store->subscribe({}, 0, [&](const EventPtr& event) { seen = event->version; });
  ASSERT_THAT(subscription, Succeeds());
  ASSERT_THAT(store->append(strange("order-1", "a", 1)), Succeeds());

  server_->kill_9();
  for (const auto begun = Clock::now(); Clock::now() - begun < away();) {
    const auto appended = store->append(strange("order-1", "b", 2), {.timeout = kTimeout});
    ASSERT_FALSE(appended.has_value());
    EXPECT_THAT(appended.error().code, ::testing::AnyOf(Errc::unavailable, Errc::outcome_unknown));
    EXPECT_THAT(store->read("order-1"), FailsWith(Errc::unavailable));
    EXPECT_THAT(store->latest_version("order-1"), FailsWith(Errc::unavailable));
  }
  EXPECT_TRUE(subscription->status().active) << "it waits";
  server_->restart();

  ASSERT_TRUE(eventually([&] { return store->append(strange("order-1", "b", 2)).has_value(); }));
  EXPECT_EQ(store->read("order-1")->size(), 2U) << "stored once";
  EXPECT_TRUE(eventually([&] { return seen == 2; }));
}

TEST_P(StrangeStreamsTest, AServerThatIsSilentForManyTimeoutsIsUsedAgain) {
  constexpr auto kTimeout = 150ms;
  start();
  const auto store = *opened("", {.timeout = kTimeout});
  ASSERT_THAT(store->append(strange("order-1", "a", 1)), Succeeds());

  server_->stop_process();
  for (const auto begun = Clock::now(); Clock::now() - begun < away();) {
    EXPECT_FALSE(store->append(strange("order-1", "b", 2), {.timeout = kTimeout}).has_value());
    EXPECT_FALSE(store->read("order-1").has_value());
  }
  server_->continue_process();

  ASSERT_TRUE(eventually([&] { return store->append(strange("order-1", "b", 2)).has_value(); }));
  EXPECT_EQ(store->read("order-1")->size(), 2U) << "stored once";
}

TEST_P(StrangeStreamsTest, AStreamThatIsRemovedUnderAStoreIsAnErrorAndNoWrongAnswer) {
  start();
  const auto store = *opened("", {.timeout = 300ms});
  ASSERT_THAT(store->append(strange("order-1")), Succeeds());

  tests::request(*server_, "$JS.API.STREAM.DELETE.aether=ev=prod=eu");

  EXPECT_FALSE(store->append(strange("order-1"), {.timeout = 300ms}).has_value());
  EXPECT_FALSE(store->read("order-1").has_value());
  EXPECT_FALSE(store->read_all({}, 0, 10).has_value());
}

/// A message that is no commit, between those of others.
class ForeignMessageTest : public StrangeStreamsTest {
 protected:
  void SetUp() override {
    start();
    store_ = *opened();
    ASSERT_THAT(store_->append(strange("order-1")), Succeeds());
    ASSERT_THAT(store_->append(strange("order-2")), Succeeds());
  }
  /// Is message 3 of the stream.
  void publish(const std::vector<Header>& headers, const std::string& body) {
    const auto connection = *connect({.urls = {server_->url()}});
    const auto stored =
        Session::of(*connection)
            .requests()
            .request(
                {.subject = "aether.ev.prod.eu.order.order-1", .headers = headers, .data = body});
    ASSERT_THAT(stored, Succeeds());
    ASSERT_THAT(std::string(stored->data()), HasSubstr("\"seq\":3"));
    ASSERT_THAT(store_->append(strange("order-2")), Succeeds());
  }
  template <class T>
  void expect_corrupt(const Result<T>& result, const std::string& what) {
    ASSERT_THAT(result, FailsWith(Errc::corrupt)) << what;
    EXPECT_EQ(result.error().position, position_of(3, 0)) << what;
    EXPECT_THAT(result.error().message, HasSubstr("message 3")) << what;
  }
  /// All that reads it says so, with the place; all that does not is as ever.
  void expect_that_only_its_actor_suffers() {
    expect_corrupt(store_->read("order-1"), "read");
    expect_corrupt(store_->append(strange("order-1")), "append");
    expect_corrupt((*opened())->append(strange("order-1")), "append by another");
    const auto before = store_->read_all({}, 0, 10);
    ASSERT_THAT(before, Succeeds());
    EXPECT_EQ(before->events.size(), 2U);
    expect_corrupt(store_->read_all({}, before->next, 10), "read all");
    EXPECT_EQ(store_->read_all({}, position_of(3, 0), 10)->events.size(), 1U) << "what follows";

    EXPECT_EQ(store_->read("order-2")->size(), 2U);
    EXPECT_EQ(store_->latest_version("order-2"), 2U);
    EXPECT_THAT(store_->append(strange("order-2")), Succeeds());
    EXPECT_EQ(store_->read_all({.actor_id = "order-2"}, 0, 10)->events.size(), 3U);
  }
  void expect_that_verify_names_it() {
    const auto report = verify(*store_);
    ASSERT_THAT(report, Succeeds());
    ASSERT_EQ(report->finding_count, 1U);
    EXPECT_EQ(report->findings[0].position, position_of(3, 0));
    EXPECT_EQ(report->events, 4U) << "the others are checked";
  }
  void expect_that_subscriptions_end_there() {
    std::atomic<int> seen = 0;
    std::atomic<int> of_other = 0;
    const auto all = *store_->subscribe({}, 0, [&](const EventPtr&) { ++seen; });
    const auto other =
        *store_->subscribe({.actor_id = "order-2"}, 0, [&](const EventPtr&) { ++of_other; });
    ASSERT_TRUE(eventually([&] { return !all.status().active; }));
    ASSERT_TRUE(all.status().error.has_value());
    EXPECT_EQ(all.status().error->code, Errc::corrupt);
    EXPECT_EQ(all.status().error->position, position_of(3, 0));
    EXPECT_EQ(seen, 2);
    EXPECT_TRUE(eventually([&] { return of_other == 3; }));
    EXPECT_TRUE(other.status().active);
  }

  std::unique_ptr<Store> store_;
};

INSTANTIATE_TEST_SUITE_P(Versions, ForeignMessageTest, tests::kVersions, tests::version_name);

TEST_P(ForeignMessageTest, WithoutHeadersIsCorruptAtItsPlace) {
  publish({}, "hello");
  expect_corrupt(store_->latest_version("order-1"), "latest version");
  expect_that_only_its_actor_suffers();
  expect_that_verify_names_it();
  expect_that_subscriptions_end_there();
}

TEST_P(ForeignMessageTest, OfAnotherFormatIsCorruptAtItsPlace) {
  publish({{.name = "Aether-Format", .value = "2"}}, "{}");
  expect_corrupt(store_->latest_version("order-1"), "latest version");
  expect_that_only_its_actor_suffers();
  expect_that_verify_names_it();
}

TEST_P(ForeignMessageTest, WhoseBodyIsNoEnvelopeIsCorruptAtItsPlace) {
  const std::string hash(64, '0');
  publish({{.name = "Aether-Format", .value = "1"},
           {.name = "Aether-Version", .value = "2"},
           {.name = "Aether-Count", .value = "1"},
           {.name = "Aether-Hash", .value = hash}},
          R"({"id":"x","eventType":"T")");
  expect_that_only_its_actor_suffers();
  expect_that_verify_names_it();
  expect_that_subscriptions_end_there();
}

TEST_P(ForeignMessageTest, WhoseEventIsAnotherActorsIsCorruptAtItsPlace) {
  const std::string hash(64, '0');
  publish({{.name = "Aether-Format", .value = "1"},
           {.name = "Aether-Version", .value = "2"},
           {.name = "Aether-Count", .value = "1"},
           {.name = "Aether-Hash", .value = hash}},
          R"({"id":"x","eventType":"T","actorId":"order-2","version":2,)"
          R"("timestamp":"2026-01-01T00:00:00Z","data":null})");
  expect_that_only_its_actor_suffers();
  expect_that_verify_names_it();
}

}  // namespace
}  // namespace aether::nats
