// SPDX-License-Identifier: Apache-2.0
#include "aether/store/audit.hpp"
#include "store/audit_expectations.hpp"
#include "store/hand_made_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aether::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(AuditAgainst, ADigestOfNowOrBeforeFindsNothing) {
  HandMadeStore store = three_actors();
  for (const StoredEvent& event : three_actors().events) {
    const auto digest = make_digest(store, {}, event.position);
    ASSERT_TRUE(digest.has_value());
    EXPECT_EQ(digest->position, event.position);
    EXPECT_EQ(digest->version, event.version);
    EXPECT_EQ(digest->actor_id, event.actor_id);
    EXPECT_THAT(audited(store, {.against = *digest}).findings, IsEmpty());
  }
}

TEST(AuditAgainst, NamesTheLastEventWhenItWasCutOff) {
  HandMadeStore store = three_actors();
  const AuditOptions against{.against = digest_of(store)};
  const StoredEvent last = store.events.back();
  store.events.pop_back();
  expect_only(audited(store, against), last, "is missing");

  StoredEvent other = last;
  other.actor_id = "order-9";
  store.append_chained(other);
  expect_only(audited(store, against), last, "removed or changed");

  store.events.back().position += 5;
  expect_only(audited(store, against), last, "removed or changed");

  store.events.clear();
  expect_only(audited(store, against), last, "is missing");
}

TEST(AuditAgainst, SaysThatSomethingIsMissingWhenAnotherActorsEndWasCutOff) {
  HandMadeStore store = three_actors();
  const AuditOptions against{.against = digest_of(store)};
  std::erase_if(store.events,
                [](const auto& e) { return e.actor_id == "order-1" && e.version == 3; });

  const AuditReport report = audited(store, against);

  ASSERT_EQ(report.findings.size(), 1U);
  EXPECT_EQ(report.findings[0].actor_id, "");
  EXPECT_THAT(report.findings[0].what, HasSubstr("changed, removed or added"));

  InspectedStore inspected(store, {{.actor_id = "order-1", .version = 3, .what = "is missing"}});
  EXPECT_EQ(audited(inspected, against).findings.size(), 1U) << "one explanation is enough";
}

TEST(AuditAgainst, SeesAHistoryThatWasWrittenAnewWithAGoodChain) {
  HandMadeStore original = three_actors();
  HandMadeStore store;
  for (StoredEvent event : original.events) {
    if (event.actor_id == "order-2") event.data = Data::json(R"({"total":1000000})");
    store.append_chained(event);
  }
  EXPECT_THAT(audited(store).findings, IsEmpty()) << "the chains are intact";

  EXPECT_EQ(audited(store, {.against = digest_of(original)}).findings.size(), 1U);
}

TEST(AuditAgainst, SeesAnActorThatWasAddedBeforeButNotAfter) {
  HandMadeStore original = three_actors();
  StoredEvent added = original.events[0];
  added.actor_id = "order-0";
  HandMadeStore after = original;
  added.position = after.events.back().position + 1;
  after.append_chained(added);
  HandMadeStore before;
  added.position = 1;
  before.append_chained(added);
  for (const StoredEvent& event : original.events) before.append_chained(event);

  EXPECT_THAT(audited(after, {.against = digest_of(original)}).findings, IsEmpty());
  EXPECT_EQ(audited(before, {.against = digest_of(original)}).findings.size(), 1U);
}

TEST(AuditAgainst, SaysMoreThanAFindingThatExplainsNothing) {
  HandMadeStore store = three_actors();
  const AuditOptions against{.against = digest_of(store)};
  store.at("order-2", 1).data = Data::json("0");  // does not change the root
  EXPECT_EQ(audited(store, against).findings.size(), 1U);

  std::erase_if(store.events,
                [](const auto& e) { return e.actor_id == "order-1" && e.version == 3; });

  const AuditReport report = audited(store, against);
  ASSERT_EQ(report.findings.size(), 2U);
  EXPECT_EQ(report.findings[0].actor_id, "order-2");
  EXPECT_EQ(report.findings[1].actor_id, "");
}

TEST(AuditAgainst, SaysNoMoreThanAFindingThatExplainsIt) {
  HandMadeStore store = three_actors();
  const AuditOptions against{.against = digest_of(store)};
  store.at("order-1", 3).hash[0] ^= std::byte{1};  // the actor's head

  expect_only(audited(store, against), store.at("order-1", 3), "was changed");
}

}  // namespace
}  // namespace aether::testing
