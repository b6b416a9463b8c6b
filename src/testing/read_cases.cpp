// SPDX-License-Identifier: Apache-2.0
#include "testing/event_store_fixture.hpp"

#include <limits>
#include <string>
#include <vector>

namespace aether::testing {

namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

void an_unknown_actor_has_no_events(EventStoreTest& t) {
  t.append(event_of("order-1"));

  EXPECT_THAT(t.read("order-2"), IsEmpty());
  EXPECT_EQ(t.latest("order-2"), 0U);
  EXPECT_THAT(t.read("order"), IsEmpty());
  EXPECT_THAT(t.read("order-"), IsEmpty());
  EXPECT_THAT(t.read("order-11"), IsEmpty());
}

void a_name_that_no_actor_can_have_has_no_events(EventStoreTest& t) {
  using namespace std::string_literals;
  t.append(event_of("order-1"));

  for (const std::string& name : {""s, "order-1\0"s, "\xff"s, "a\nb"s, std::string(10'000, 'x')}) {
    const auto events = t.store().read(name);
    EXPECT_TRUE(events ? events->empty() : events.error().code == Errc::invalid_argument);
    const auto latest = t.store().latest_version(name);
    EXPECT_TRUE(latest ? *latest == 0 : latest.error().code == Errc::invalid_argument);
  }
}

void reading_starts_at_a_version_and_ends_at_a_limit(EventStoreTest& t) {
  for (const Version version : {1U, 2U, 5U, 6U, 9U}) {
    t.append(event_of("order-1", "Happened", version));
  }

  EXPECT_THAT(versions_of(t.read("order-1", {.from_version = 2})), ElementsAre(2, 5, 6, 9));
  EXPECT_THAT(versions_of(t.read("order-1", {.from_version = 3})), ElementsAre(5, 6, 9));
  EXPECT_THAT(versions_of(t.read("order-1", {.from_version = 9})), ElementsAre(9));
  EXPECT_THAT(versions_of(t.read("order-1", {.from_version = 3, .limit = 2})), ElementsAre(5, 6));
  EXPECT_THAT(versions_of(t.read("order-1", {.limit = 3})), ElementsAre(1, 2, 5));
  EXPECT_THAT(versions_of(t.read("order-1", {.from_version = 0})), ElementsAre(1, 2, 5, 6, 9));
}

void reading_beyond_the_end_gives_nothing(EventStoreTest& t) {
  t.append_many("order-1", 3);

  EXPECT_THAT(t.read("order-1", {.from_version = 4}), IsEmpty());
  EXPECT_THAT(t.read("order-1", {.from_version = kMaxVersion}), IsEmpty());
  EXPECT_THAT(t.read("order-1", {.from_version = std::numeric_limits<Version>::max()}), IsEmpty());
  EXPECT_THAT(t.read("order-1", {.limit = 0}), IsEmpty());
}

void a_long_history_is_read_whole(EventStoreTest& t) {
  constexpr std::size_t kCommits = 30;
  constexpr std::size_t kEventsEach = 100;
  for (std::size_t i = 0; i < kCommits; ++i) {
    t.append(std::vector(kEventsEach, event_of("order-1")));
  }

  const auto events = t.read("order-1");

  EXPECT_EQ(versions_of(events), versions_up_to(kCommits * kEventsEach));
  EXPECT_TRUE(strictly_increase(positions_of(events)));
}

void an_append_is_seen_at_once(EventStoreTest& t) {
  constexpr Version kAppends = 200;
  for (Version version = 1; version <= kAppends; ++version) {
    const Appended appended = t.append(event_of("order-1"));

    ASSERT_EQ(t.latest("order-1"), version);
    const auto events = t.read("order-1", {.from_version = version});
    ASSERT_THAT(versions_of(events), ElementsAre(version));
    ASSERT_EQ(events[0]->position, appended.position);
    ASSERT_EQ(t.read_all({}, appended.position - 1).size(), 1U);
  }
}

void what_was_read_stays_as_it_was(EventStoreTest& t) {
  Event event = event_of("order-1");
  event.data = Data::json(R"({"total":1})");
  t.append(event);
  const auto before = t.read("order-1");
  ASSERT_EQ(before.size(), 1U);
  const StoredEvent copy = *before[0];

  t.append_many("order-1", 2'000);

  EXPECT_EQ(*before[0], copy);
  EXPECT_EQ(before.size(), 1U);
  EXPECT_EQ(*t.read("order-1").at(0), copy);
}

void events_outlive_their_store(EventStoreTest& t) {
  t.append(event_of("order-1", "OrderPlaced"));
  const auto events = t.read("order-1");

  t.destroy();

  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0]->event_type, "OrderPlaced");
  EXPECT_EQ(events[0]->data.text(), "null");
}

void an_event_is_the_same_however_it_is_read(EventStoreTest& t) {
  t.append_many("order-1", 3);
  t.append_many("order-2", 3);

  for (const EventPtr& event : t.read_all()) {
    const auto one = t.read(event->actor_id, {.from_version = event->version, .limit = 1});
    ASSERT_EQ(one.size(), 1U);
    EXPECT_EQ(*one[0], *event);
  }
}

}  // namespace

Cases read_cases() {
  return {
      {"AnUnknownActorHasNoEvents", an_unknown_actor_has_no_events},
      {"ANameThatNoActorCanHaveHasNoEvents", a_name_that_no_actor_can_have_has_no_events},
      {"ReadingStartsAtAVersionAndEndsAtALimit", reading_starts_at_a_version_and_ends_at_a_limit},
      {"ReadingBeyondTheEndGivesNothing", reading_beyond_the_end_gives_nothing},
      {"ALongHistoryIsReadWhole", a_long_history_is_read_whole},
      {"AnAppendIsSeenAtOnce", an_append_is_seen_at_once},
      {"WhatWasReadStaysAsItWas", what_was_read_stays_as_it_was},
      {"EventsOutliveTheirStore", events_outlive_their_store},
      {"AnEventIsTheSameHoweverItIsRead", an_event_is_the_same_however_it_is_read},
  };
}

}  // namespace aether::testing
