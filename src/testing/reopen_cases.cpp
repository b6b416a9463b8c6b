// SPDX-License-Identifier: Apache-2.0
#include "testing/collector.hpp"
#include "testing/event_store_fixture.hpp"

#include <string>
#include <vector>

namespace aether::testing {

namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr const char* kKeepsNothing = "this store keeps nothing";

std::vector<StoredEvent> copies_of(const std::vector<EventPtr>& events) {
  std::vector<StoredEvent> copies;
  copies.reserve(events.size());
  for (const EventPtr& event : events) copies.push_back(*event);
  return copies;
}

void append_a_history(EventStoreTest& t) {
  t.append_many("order-1", 3);
  t.append({event_of("order-2", "A", 4), event_of("order-2", "B")});
  Event event = event_of("cart-1", "Filled");
  event.data = Data::bytes("\xff\x00", "image/raw");
  event.metadata = {{"user", "ann"}};
  t.append(event);
}

void nothing_is_lost(EventStoreTest& t) {
  append_a_history(t);
  const auto before = copies_of(t.read_all());
  const auto actor = copies_of(t.read("order-2"));
  for (int round = 0; round < 3; ++round) {
    if (!t.reopen()) GTEST_SKIP() << kKeepsNothing;

    EXPECT_EQ(copies_of(t.read_all()), before);
    EXPECT_EQ(copies_of(t.read("order-2")), actor);
    EXPECT_EQ(t.latest("order-2"), 5U);
    EXPECT_EQ(t.latest("nobody-1"), 0U);
  }
}

void the_last_append_is_kept(EventStoreTest& t) {
  for (Version version = 1; version <= 5; ++version) {
    t.append(event_of("order-1"));
    if (!t.reopen()) GTEST_SKIP() << kKeepsNothing;
    ASSERT_EQ(t.latest("order-1"), version) << "what was acknowledged must be there";
  }
}

void versions_and_positions_go_on(EventStoreTest& t) {
  append_a_history(t);
  const Position last = t.read_all().back()->position;
  if (!t.reopen()) GTEST_SKIP() << kKeepsNothing;

  EXPECT_EQ(t.append(event_of("order-1")).version, 4U);
  EXPECT_EQ(t.append(event_of("order-2")).version, 6U);
  EXPECT_EQ(t.append(event_of("new-1")).version, 1U);

  EXPECT_THAT(names_of(t.read_all({}, last)), ElementsAre("order-1@4", "order-2@6", "new-1@1"));
  EXPECT_TRUE(strictly_increase(positions_of(t.read_all())));
}

void conflicts_and_repeats_are_judged_as_before(EventStoreTest& t) {
  const Appended first = t.append(event_with_id("order-1", "a", 1));
  const Appended second = t.append(event_with_id("order-1", "b"), {.expected_version = 1});
  if (!t.reopen()) GTEST_SKIP() << kKeepsNothing;

  EXPECT_EQ(t.append(event_with_id("order-1", "a", 1)).position, first.position);
  EXPECT_EQ(t.append(event_with_id("order-1", "b"), {.expected_version = 1}).position,
            second.position);
  EXPECT_THAT(t.store().append(event_with_id("order-1", "x", 2)), ConflictsAt(2U));
  EXPECT_THAT(t.store().append(event_of("order-1"), {.expected_version = 0}), ConflictsAt(2U));
  EXPECT_THAT(t.store().append(event_of("order-1"), {.expected_version = 3}), ConflictsAt(2U));
  EXPECT_EQ(t.read_all().size(), 2U);
  EXPECT_EQ(t.append(event_of("order-1"), {.expected_version = 2}).version, 3U);
}

void nothing_stays_nothing(EventStoreTest& t) {
  ASSERT_FALSE(t.store().append(event_of("order-1", "")).has_value());
  if (!t.reopen()) GTEST_SKIP() << kKeepsNothing;

  EXPECT_THAT(t.read_all(), IsEmpty());
  EXPECT_EQ(t.append(event_of("order-1")).version, 1U);
}

void a_subscription_goes_on_from_a_position(EventStoreTest& t) {
  append_a_history(t);
  Collector before;
  {
    const Subscription subscription = t.subscribe(before.handler());
    ASSERT_TRUE(before.wait_for(4));
  }
  const Position after = before.events()[3]->position;
  if (!t.reopen()) GTEST_SKIP() << kKeepsNothing;

  Collector seen;
  const Subscription subscription = t.subscribe(seen.handler(), after);
  t.append(event_of("new-1"));

  ASSERT_TRUE(seen.wait_for(3));
  EXPECT_THAT(names_of(seen.events()), ElementsAre("order-2@5", "cart-1@1", "new-1@1"));
}

void a_page_is_continued(EventStoreTest& t) {
  append_a_history(t);
  const auto page = t.store().read_all({}, 0, 4);
  ASSERT_THAT(page, Succeeds());
  if (!t.reopen()) GTEST_SKIP() << kKeepsNothing;

  EXPECT_THAT(names_of(t.read_all({}, page->next)), ElementsAre("order-2@5", "cart-1@1"));
}

}  // namespace

Cases reopen_cases() {
  return {
      {"ReopenedItHasLostNothing", nothing_is_lost},
      {"ReopenedItHasTheLastAppend", the_last_append_is_kept},
      {"ReopenedItContinuesVersionsAndPositions", versions_and_positions_go_on},
      {"ReopenedItJudgesConflictsAndRepeatsAsBefore", conflicts_and_repeats_are_judged_as_before},
      {"ReopenedAnEmptyStoreIsEmpty", nothing_stays_nothing},
      {"ReopenedItDeliversFromAPosition", a_subscription_goes_on_from_a_position},
      {"ReopenedItContinuesAPage", a_page_is_continued},
  };
}

}  // namespace aether::testing
