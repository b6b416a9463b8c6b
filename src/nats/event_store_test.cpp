// SPDX-License-Identifier: Apache-2.0
// What networks and servers do to a store.
#include "aether/nats/snapshots.hpp"
#include "nats/inbox.hpp"
#include "nats/session.hpp"
#include "nats/store_fixture.hpp"
#include "testing/matchers.hpp"
#include "testing/waiting.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aether::nats {
namespace {

using namespace std::chrono_literals;
using testing::ConflictsAt;
using ::testing::ElementsAre;
using testing::eventually;
using testing::FailsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using testing::Succeeds;

/// A server's answer to a message for a stream.
bool is_stored_reply(const tests::ServerFrame& frame) {
  return frame.content.starts_with(R"({"stream":)");
}
bool is_conflict_reply(const tests::ServerFrame& frame) {
  return frame.content.contains("wrong last sequence");
}

using EventStoreTest = StoreFixture;
INSTANTIATE_TEST_SUITE_P(Versions, EventStoreTest, tests::kVersions, tests::version_name);

TEST_P(EventStoreTest, ALostReplyIsMadeUpForByALookIntoTheStream) {
  ASSERT_THAT(store().append(placed("a", 1)), Succeeds());
  proxy_.swallow(is_stored_reply);

  const auto appended = store().append(placed("b", 2));

  ASSERT_THAT(appended, Succeeds());
  EXPECT_EQ(appended->version, 2U);
  EXPECT_FALSE(appended->stored_already);
  EXPECT_EQ(proxy_.swallowed(), 1U) << "it was sent once";
  EXPECT_THAT(stored_ids(), ElementsAre("a", "b"));
}

TEST_P(EventStoreTest, ALostReplyIsMadeUpForAlsoWhereAnotherHasAppendedSince) {
  ASSERT_THAT(store().append(placed("a", 1)), Succeeds());
  testing::Gate stored;
  testing::Gate done;
  Result<Appended> outcome;
  const OverFirst over_first(*this);
  proxy_.swallow([&](const tests::ServerFrame& frame) {
    if (!is_stored_reply(frame)) return false;
    stored.open();
    return true;
  });
  store().append_async({placed("b", 2)}, {}, [&](Result<Appended> result) {
    outcome = std::move(result);
    done.open();
  });
  ASSERT_TRUE(stored.pass());

  ASSERT_THAT(other().append(placed("c", 3)), Succeeds());

  ASSERT_TRUE(done.pass());
  ASSERT_THAT(outcome, Succeeds());
  EXPECT_EQ(outcome->version, 2U);
  EXPECT_THAT(stored_ids(), ElementsAre("a", "b", "c"));
}

TEST_P(EventStoreTest, ALostRefusalIsAConflictNevertheless) {
  ASSERT_THAT(store().append(placed("a", 1)), Succeeds());
  ASSERT_THAT(other().append(placed("b", 2)), Succeeds());
  proxy_.swallow(is_conflict_reply);

  const auto refused = store().append(placed("c", 2));

  EXPECT_THAT(refused, ConflictsAt(2U));
  EXPECT_EQ(proxy_.swallowed(), 1U);
  EXPECT_THAT(stored_ids(), ElementsAre("a", "b"));
}

TEST_P(EventStoreTest, ALostRefusalOfSeveralActorsIsSettledByAnyOfThem) {
  ASSERT_THAT(store().append(placed("a", 1, "order-2")), Succeeds());
  ASSERT_THAT(other().append(placed("b", 2, "order-2")), Succeeds());
  proxy_.swallow(is_conflict_reply);

  const std::vector commit{placed("c", 1, "order-1"), placed("d", 2, "order-2")};
  const auto refused = store().append(commit);

  if (GetParam() == tests::ServerVersion::v2_9) {  // has no atomic batches
    ASSERT_THAT(refused, FailsWith(Errc::unsupported));
    return;
  }

  EXPECT_THAT(refused, ConflictsAt(2U));
  EXPECT_EQ(proxy_.swallowed(), 1U) << "it was sent once";
  EXPECT_THAT(stored_ids(), ElementsAre("a", "b"));
}

TEST_P(EventStoreTest, ALostReplyOfSeveralActorsIsMadeUpFor) {
  ASSERT_THAT(store().append(placed("a", 1, "order-2")), Succeeds());
  proxy_.swallow(is_stored_reply);

  const std::vector commit{placed("b", 1, "order-1"), placed("c", 2, "order-2"),
                           placed("d", 2, "order-1")};
  const auto appended = store().append(commit);

  if (GetParam() == tests::ServerVersion::v2_9) {  // has no atomic batches
    ASSERT_THAT(appended, FailsWith(Errc::unsupported));
    return;
  }
  ASSERT_THAT(appended, Succeeds());
  EXPECT_FALSE(appended->stored_already);
  EXPECT_EQ(proxy_.swallowed(), 1U) << "it was sent once";
  EXPECT_THAT(stored_ids(), ElementsAre("a", "b", "c", "d"));
  EXPECT_EQ(other().read_all({}, 0, 10)->next, appended->position);
}

TEST_P(EventStoreTest, WhereAnotherWasFirstTheNextVersionIsGiven) {
  ASSERT_THAT(store().append(placed("a", 0)), Succeeds());
  ASSERT_THAT(other().append(placed("b", 0)), Succeeds());
  proxy_.swallow(is_conflict_reply);

  const auto appended = store().append(placed("c", 0));

  ASSERT_THAT(appended, Succeeds());
  EXPECT_EQ(appended->version, 3U);
  EXPECT_THAT(stored_ids(), ElementsAre("a", "b", "c"));
}

TEST_P(EventStoreTest, WhatIsStoredIsBroadcastWhereTheStreamWasMadeSo) {
  const auto transport = *Transport::connect({.urls = {server_.url()}});
  Inbox bus(*transport, "aether.bus.>");
  const StreamOptions asked{.broadcast = true};
  const auto broadcasting = open_at(server_.url(), {.stream = asked});
  ASSERT_THAT(broadcasting, Succeeds());

  ASSERT_THAT((*broadcasting)->append(placed("a", 1)), Succeeds());
  ASSERT_THAT((*broadcasting)->append(placed("b", 1)), FailsWith(Errc::version_conflict));
  ASSERT_THAT((*broadcasting)->append(placed("c", 1, "order-2")), Succeeds());

  EXPECT_THAT(bus.wait_for(2),
              ElementsAre(StartsWith("aether.bus.prod.eu.order.order-1:{\"id\":\"a\""),
                          StartsWith("aether.bus.prod.eu.order.order-2:{\"id\":\"c\"")));
  EXPECT_THAT(open_at(server_.url(), {.stream = asked}), Succeeds()) << "the server's echo";
  EXPECT_THAT(open_at(server_.url(), {.stream = {.broadcast = false}}),
              FailsWith(Errc::invalid_argument));
}

TEST_P(EventStoreTest, SnapshotsAreNotBroadcast) {
  const auto connection = *connect({.urls = {server_.url()}});

  EXPECT_THAT(open_snapshots(connection, ns_, {.stream = {.broadcast = true}}),
              FailsWith(Errc::invalid_argument));
  EXPECT_THAT(open_snapshots(connection, ns_, {.stream = {.create = false}}),
              FailsWith(Errc::not_found));
}

TEST_P(EventStoreTest, AServerThatFallsSilentLeavesAnUnknownOutcomeAndARetryIsSafe) {
  ASSERT_THAT(store().append(placed("a", 1)), Succeeds());
  server_.stop_process();

  const auto unknown = store().append(placed("b", 2), {.timeout = 300ms});

  ASSERT_THAT(unknown, FailsWith(Errc::outcome_unknown));
  EXPECT_THAT(unknown.error().message, HasSubstr("append the same events"));
  server_.continue_process();
  ASSERT_THAT(store().append(placed("b", 2)), Succeeds());
  EXPECT_THAT(stored_ids(), ElementsAre("a", "b"));
  ASSERT_THAT(store().append(placed("c", 3)), Succeeds());
}

TEST_P(EventStoreTest, AnAppendThatNobodyTookIsUnavailableAndSaysSo) {
  ASSERT_THAT(store().append(placed("a", 1)), Succeeds());
  server_.kill_9();

  const auto refused = store().append(placed("b", 2, "order-2"), {.timeout = 100ms});

  ASSERT_THAT(refused, FailsWith(Errc::unavailable));
  EXPECT_THAT(refused.error().message, HasSubstr("nothing was stored"));
}

TEST_P(EventStoreTest, AnAppendBehindAnotherOfItsActorWaitsNoLongerThanItsOwnTimeout) {
  ASSERT_THAT(store().append(placed("a", 1)), Succeeds());
  server_.stop_process();
  std::promise<Result<Appended>> promise;
  auto before = promise.get_future();
  const OverFirst over_first(*this);
  store().append_async({placed("b", 2)}, {},
                       [&](Result<Appended> result) { promise.set_value(std::move(result)); });

  const auto refused = store().append(placed("c", 3), {.timeout = 20ms});

  EXPECT_THAT(refused, FailsWith(Errc::unavailable));
  EXPECT_NE(before.wait_for(0ms), std::future_status::ready) << "it waited for the one before it";
  server_.continue_process();
  EXPECT_THAT(before.get(), Succeeds());
  EXPECT_THAT(store().append(placed("d", 3)), Succeeds());
  EXPECT_THAT(stored_ids(), ElementsAre("a", "b", "d"));
}

TEST_P(EventStoreTest, ARepeatIsFoundAnywhereInALongHistory) {
  constexpr Version kVersions = 300;
  for (Version version = 1; version <= kVersions; version += 2) {
    const std::vector commit{placed(std::to_string(version), version),
                             placed(std::to_string(version + 1), version + 1)};
    ASSERT_THAT(other().append(commit), Succeeds());
  }

  for (const Version version : {1U, 2U, 77U, 150U, 297U, 299U}) {
    const std::vector repeat{placed(std::to_string(version), version),
                             placed(std::to_string(version + 1), version + 1)};
    const auto repeated = store().append(repeat);
    ASSERT_THAT(repeated, Succeeds());
    EXPECT_TRUE(repeated->stored_already);
    EXPECT_EQ(repeated->version, version + 1);
    EXPECT_THAT(store().append(placed("another", version)), ConflictsAt(kVersions));
  }
}

TEST_P(EventStoreTest, EveryAppendSurvivesCutsAndIsStoredOnce) {
  constexpr std::size_t kActors = 10;
  constexpr std::size_t kAppends = 300;
  std::atomic<std::size_t> succeeded{0};
  std::atomic<std::size_t> completed{0};
  const OverFirst over_first(*this);
  for (std::size_t i = 0; i < kAppends; ++i) {
    store().append_async({placed(std::to_string(i), 0, "order-" + std::to_string(i % kActors))}, {},
                         [&](const Result<Appended>& result) {
                           EXPECT_THAT(result, Succeeds());
                           if (result) ++succeeded;
                           ++completed;
                         });
    if (i % 100 == 50) {
      ASSERT_TRUE(eventually([&] { return completed > i / 2; }));
      proxy_.cut();
    }
  }

  ASSERT_TRUE(eventually([&] { return completed == kAppends; }));

  EXPECT_EQ(succeeded, kAppends);
  EXPECT_EQ(stored_ids().size(), kAppends);
  for (std::size_t actor = 0; actor < kActors; ++actor) {
    const auto events = other().read("order-" + std::to_string(actor));
    ASSERT_THAT(events, Succeeds());
    ASSERT_EQ(events->size(), kAppends / kActors);
    for (std::size_t i = 0; i < events->size(); ++i) {
      EXPECT_EQ((*events)[i]->version, i + 1);
      EXPECT_EQ((*events)[i]->id, std::to_string(i * kActors + actor));
    }
  }
}

TEST_P(EventStoreTest, WhatIsAcknowledgedSurvivesAKilledServer) {
  std::vector<std::string> ids;
  for (Version version = 1; version <= 50; ++version) {
    ids.push_back(std::to_string(version));
    ASSERT_THAT(other().append(placed(ids.back(), version)), Succeeds());
  }

  server_.kill_9();
  server_.restart();

  EXPECT_EQ(stored_ids(), ids);
  EXPECT_THAT(other().append(placed("next", 51)), Succeeds());
}

TEST_P(EventStoreTest, ACommitThatTheServerDoesNotTakeIsTooLarge) {
  Event event = placed("a", 1);
  event.data = Data::bytes(std::string(1'000'000, 'x'), "");  // a third more in base64

  EXPECT_THAT(store().append(std::move(event)), FailsWith(Errc::too_large));
  EXPECT_THAT(store().append(placed("b", 1)), Succeeds());
}

TEST_P(EventStoreTest, WithoutAStreamAndWithoutMakingOneThereIsNoStore) {
  const auto refused = open_at(server_.url(), {.stream = {.create = false}});

  ASSERT_THAT(refused, FailsWith(Errc::not_found));
  EXPECT_THAT(refused.error().message, HasSubstr("aether=ev=prod=eu"));
  other();  // makes it
  EXPECT_THAT(open_at(server_.url(), {.stream = {.create = false}}), Succeeds());
}

TEST_P(EventStoreTest, AnotherStreamThanAskedForIsRefused) {
  other();

  EXPECT_THAT(open_at(server_.url(), {.stream = {.max_age = 1h}}),
              FailsWith(Errc::invalid_argument));
  EXPECT_THAT(open_at(server_.url(), {.stream = {.max_age = kDefaultRetention}}), Succeeds());
}

TEST_P(EventStoreTest, AFullStreamTakesNothingAndLosesNothing) {
  store_ = *open_at(server_.url(), {.stream = {.max_bytes = 20'000}});
  Event event = placed("", 0);
  event.data = Data::json('"' + std::string(2'000, 'x') + '"');
  std::size_t stored = 0;
  Result<Appended> appended;
  while ((appended = store().append(event)) && stored < 100) ++stored;

  ASSERT_THAT(appended, FailsWith(Errc::unavailable));
  EXPECT_THAT(appended.error().message, HasSubstr("full"));
  EXPECT_GT(stored, 3U);
  EXPECT_EQ(store().read("order-1")->size(), stored);
}

// Not reachable by a store: deleting and purging stay denied.
TEST_P(EventStoreTest, WhatIsStoredCannotBeRemovedMessageByMessage) {
  ASSERT_THAT(other().append(placed("a", 1)), Succeeds());
  const auto connection = *connect({.urls = {server_.url()}});
  Requests& requests = Session::of(*connection).requests();

  const auto deleted = requests.request(
      {.subject = "$JS.API.STREAM.MSG.DELETE.aether=ev=prod=eu", .data = R"({"seq":1})"});
  const auto purged = requests.request({.subject = "$JS.API.STREAM.PURGE.aether=ev=prod=eu"});

  ASSERT_THAT(deleted, Succeeds());
  EXPECT_THAT(std::string(deleted->data()), HasSubstr("\"error\""));
  ASSERT_THAT(purged, Succeeds());
  EXPECT_THAT(std::string(purged->data()), HasSubstr("\"error\""));
  EXPECT_THAT(stored_ids(), ElementsAre("a"));
}

}  // namespace
}  // namespace aether::nats
