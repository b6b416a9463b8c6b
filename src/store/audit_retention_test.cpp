// SPDX-License-Identifier: Apache-2.0
// What a store's retention has removed, and what somebody else has.
#include "aether/store/audit.hpp"
#include "store/audit_expectations.hpp"
#include "store/hand_made_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace aether::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(AuditRetention, SaysFromWhichVersionOnHistoriesAreThere) {
  RetainingStore store(three_actors());
  store.remove_before(30);  // order-1 has lost version 1, order-2 its version 1

  const AuditReport report = audited(store);

  EXPECT_THAT(report.findings, IsEmpty());
  EXPECT_EQ(report.shortened_count, 2U);
  EXPECT_THAT(report.shortened,
              ElementsAre(Shortened{.actor_id = "order-1", .version = 2, .position = 30},
                          Shortened{.actor_id = "order-2", .version = 4, .position = 60}));
}

TEST(AuditRetention, WhereTheStoreHasRemovedNothingSomebodyElseHas) {
  RetainingStore store(three_actors());
  store.remove_before(30);
  store.retained = 0;

  const AuditReport report = audited(store);

  EXPECT_THAT(report.shortened, IsEmpty());
  ASSERT_EQ(report.finding_count, 2U);
  EXPECT_THAT(report.findings[0].what, HasSubstr("was removed"));
}

TEST(AuditRetention, ARemovalFromWithinIsAFindingAllTheSame) {
  RetainingStore store(three_actors());
  store.remove_before(20);
  std::erase_if(store.events, [](const StoredEvent& event) { return event.position == 60; });

  const AuditReport report = audited(store);

  expect_only(report, store.at("order-2", 5), "was removed");
  EXPECT_THAT(report.shortened, ElementsAre(Shortened{"order-1", 2, 30}));
}

TEST(AuditRetention, AChangedEventIsAFindingAllTheSame) {
  RetainingStore store(three_actors());
  store.remove_before(30);
  store.at("cart-1", 1).data = Data::json("0");  // nothing can be missing before version 1
  store.at("order-1", 3).data = Data::json("0");

  const AuditReport report = audited(store);

  ASSERT_EQ(report.finding_count, 2U);
  EXPECT_EQ(report.findings[0].actor_id, "cart-1");
  EXPECT_EQ(report.findings[1].version, 3U);
}

TEST(AuditRetention, OvertakesAReaderWithoutBeingTakenForTampering) {
  RetainingStore store(three_actors());
  std::size_t pages = 0;
  store.on_page = [&] {
    if (++pages == 2) store.remove_before(50);  // order-1's version 1 was read, 2 was not
  };

  const AuditReport report = audited(store, {.page_size = 2});

  EXPECT_THAT(report.findings, IsEmpty());
  EXPECT_THAT(report.shortened,
              ElementsAre(Shortened{"order-1", 3, 50}, Shortened{"cart-1", 2, 80}));
}

TEST(AuditRetention, AnActorMayStartAnewWhileItIsRead) {
  RetainingStore store(three_actors());
  std::size_t pages = 0;
  store.on_page = [&] {
    if (++pages != 2) return;
    store.remove_before(1'000);
    StoredEvent anew;
    anew.id = "anew";
    anew.event_type = "Happened";
    anew.actor_id = "order-1";
    anew.version = 1;
    anew.position = 1'000;
    store.append_chained(std::move(anew));
  };

  const AuditReport report = audited(store, {.page_size = 3});

  EXPECT_EQ(report.events, 4U);
  EXPECT_THAT(report.findings, IsEmpty());
  store.retained = 0;  // without retention it is no beginning, but a version that is there twice
  pages = 0;
  store.events = three_actors().events;
  store.on_page = {};
  StoredEvent twice = store.at("order-1", 1);
  twice.position = 1'000;
  store.events.push_back(twice);
  EXPECT_EQ(audited(store).finding_count, 1U);
}

TEST(AuditRetention, AnEarlierDigestHoldsWhileEveryActorsEndIsThere) {
  RetainingStore store(three_actors());
  const Digest then = digest_of(store);

  store.remove_before(50);

  EXPECT_THAT(audited(store, {.against = then}).findings, IsEmpty());
}

TEST(AuditRetention, ADigestOfWhatIsGoneCannotBeProvenAndIsSaidSo) {
  RetainingStore store(three_actors());
  const Digest whole = digest_of(store);
  const Digest early = *make_digest(store, {}, 40);

  store.remove_before(70);  // the end that `early` has; all of order-1, which `whole` covers
  const AuditReport of_early = audited(store, {.against = early});
  const AuditReport of_whole = audited(store, {.against = whole});

  ASSERT_EQ(of_early.finding_count, 1U);
  EXPECT_THAT(of_early.findings[0].what, HasSubstr("retention has removed what the digest covers"));
  ASSERT_EQ(of_whole.finding_count, 1U);
  EXPECT_THAT(of_whole.findings[0].what, HasSubstr("retention may have removed"));
}

TEST(AuditRetention, KeepsTheFirstAndCountsAll) {
  RetainingStore store(three_actors());
  store.remove_before(50);

  const AuditReport report = audited(store, {.max_findings = 1});

  EXPECT_EQ(report.shortened.size(), 1U);
  EXPECT_EQ(report.shortened_count, 3U);
}

}  // namespace
}  // namespace aether::testing
