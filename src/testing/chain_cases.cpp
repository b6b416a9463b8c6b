// SPDX-License-Identifier: Apache-2.0
#include "aether/core/chain.hpp"
#include "aether/store/audit.hpp"
#include "aether/store/memory.hpp"
#include "testing/event_store_fixture.hpp"

#include <string>
#include <vector>

namespace aether::testing {

namespace {

/// Commits of all kinds, so that every way of storing an event must chain it.
void append_a_history(EventStoreTest& t) {
  t.append(event_of("order-1", "Placed"));
  t.append({event_of("order-2", "Placed"), event_of("order-2", "Paid", 7),
            event_of("order-2", "Shipped")});
  Event rich = event_of("order-1", "Paid");
  rich.data = Data::json(R"({"price":0.10})");
  rich.metadata = {{"user", "ann"}, {"a", ""}};
  rich.timestamp = Timestamp{std::chrono::nanoseconds{-5}};
  t.append(rich);
  rich.version = 0;
  rich.data = Data::bytes("\xff", "image/raw");
  t.append(rich, {.expected_version = 2});
  if (t.traits().several_actors) {
    t.append({event_of("order-1"), event_of("order-3"), event_of("order-1"), event_of("order-2")});
  }
}

AuditReport verified(EventStoreTest& t, const AuditOptions& options = {}) {
  auto report = verify(t.store(), options);
  EXPECT_THAT(report, Succeeds());
  if (!report) return {};
  for (const Finding& finding : report->findings) ADD_FAILURE() << finding.what;
  EXPECT_EQ(report->finding_count, 0U);
  return *report;
}

void each_hash_continues_the_actors_chain(EventStoreTest& t) {
  append_a_history(t);

  for (const std::string actor : {"order-1", "order-2", "order-3"}) {
    Hash previous{};
    for (const EventPtr& event : t.read(actor)) {
      const Hash expected = t.traits().chained ? chain_hash(previous, *event) : Hash{};
      EXPECT_EQ(to_hex(event->hash), to_hex(expected)) << actor << " " << event->version;
      previous = expected;
    }
  }
}

void verify_finds_nothing(EventStoreTest& t) {
  append_a_history(t);

  const AuditReport report = verified(t);

  EXPECT_EQ(report.chained, t.traits().chained);
  EXPECT_EQ(report.events, t.read_all().size());
  EXPECT_EQ(report.digest.position, t.read_all().back()->position);
  const auto digest = make_digest(t.store());
  ASSERT_THAT(digest, Succeeds());
  EXPECT_EQ(report.digest, *digest);
  EXPECT_EQ(verified(t, {.page_size = 1}).digest, *digest);
}

void verify_holds_against_every_earlier_digest(EventStoreTest& t) {
  std::vector<Digest> digests{verified(t).digest};
  append_a_history(t);
  digests.push_back(verified(t).digest);
  t.append_many("order-2", 3);
  for (const EventPtr& event : t.read_all()) {
    const auto at = make_digest(t.store(), {}, event->position);
    ASSERT_THAT(at, Succeeds());
    digests.push_back(*at);
  }
  t.append_many("order-4", 1);

  for (const Digest& digest : digests) verified(t, {.against = digest});
}

void the_digest_is_the_same_in_every_store(EventStoreTest& t) {
  append_a_history(t);
  const auto twin = make_memory_event_store();
  for (const EventPtr& event : t.read_all()) {
    ASSERT_THAT(twin->append(static_cast<const Event&>(*event)), Succeeds());
  }

  const auto digest = make_digest(t.store());
  const auto twins = make_digest(*twin);

  ASSERT_THAT(digest, Succeeds());
  ASSERT_THAT(twins, Succeeds());
  EXPECT_EQ(to_hex(digest->root), to_hex(twins->root));
}

void a_refused_append_leaves_the_chain_whole(EventStoreTest& t) {
  append_a_history(t);
  ASSERT_FALSE(t.store().append(event_of("order-1", "Taken", 1)).has_value());
  ASSERT_FALSE(t.store().append(std::vector{event_of("order-1"), event_of("order-1", "")}));
  ASSERT_FALSE(t.store().append(std::vector{event_of("order-1"), event_of("order-1", "T", 1)}));
  t.append_many("order-1", 2);

  verified(t);
}

void the_chain_survives_reopening(EventStoreTest& t) {
  append_a_history(t);
  const Digest before = verified(t).digest;
  if (!t.reopen()) GTEST_SKIP() << "this store keeps nothing";

  EXPECT_EQ(verified(t).digest, before);
  t.append_many("order-1", 2);
  verified(t, {.against = before});
}

}  // namespace

Cases chain_cases() {
  return {
      {"EachHashContinuesTheActorsChain", each_hash_continues_the_actors_chain},
      {"VerifyFindsNothing", verify_finds_nothing},
      {"VerifyHoldsAgainstEveryEarlierDigest", verify_holds_against_every_earlier_digest},
      {"TheDigestIsTheSameInEveryStore", the_digest_is_the_same_in_every_store},
      {"ARefusedAppendLeavesTheChainWhole", a_refused_append_leaves_the_chain_whole},
      {"TheChainSurvivesReopening", the_chain_survives_reopening},
  };
}

}  // namespace aether::testing
