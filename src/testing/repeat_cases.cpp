// SPDX-License-Identifier: Apache-2.0
#include "testing/event_store_fixture.hpp"

#include <string>
#include <vector>

namespace aether::testing {

namespace {

using ::testing::ElementsAre;

std::vector<std::string> ids_of(const std::vector<EventPtr>& events) {
  std::vector<std::string> ids;
  ids.reserve(events.size());
  for (const EventPtr& event : events) ids.push_back(event->id);
  return ids;
}

/// `repeat` says the same as `first` did, and that it is a repeat.
void expect_repeat(const Appended& repeat, const Appended& first) {
  EXPECT_FALSE(first.stored_already);
  EXPECT_TRUE(repeat.stored_already);
  EXPECT_EQ(repeat.version, first.version);
  EXPECT_EQ(repeat.position, first.position);
}

void a_repeat_succeeds_and_changes_nothing(EventStoreTest& t) {
  const Appended first = t.append(event_with_id("order-1", "a", 1));

  const Appended repeat = t.append(event_with_id("order-1", "a", 1));

  expect_repeat(repeat, first);
  EXPECT_THAT(ids_of(t.read("order-1")), ElementsAre("a"));
  EXPECT_EQ(t.read_all().size(), 1U);
}

void a_repeat_succeeds_however_much_later(EventStoreTest& t) {
  const Appended first = t.append(event_with_id("order-1", "a", 1));
  const Appended expecting = t.append(event_with_id("order-1", "b"), {.expected_version = 1});
  t.append_many("order-1", 100);
  t.append_many("order-2", 10);

  const Appended repeat = t.append(event_with_id("order-1", "a", 1));
  const Appended repeat_expecting =
      t.append(event_with_id("order-1", "b"), {.expected_version = 1});

  expect_repeat(repeat, first);
  expect_repeat(repeat_expecting, expecting);
  EXPECT_EQ(t.latest("order-1"), 102U);
  EXPECT_EQ(t.read_all().size(), 112U);
}

void a_repeat_with_an_expected_version_needs_no_versions(EventStoreTest& t) {
  t.append(event_of("order-1"));
  const std::vector commit{event_with_id("order-1", "a"), event_with_id("order-1", "b"),
                           event_with_id("order-1", "c", 9), event_with_id("order-1", "d")};
  const Appended first = t.append(commit, {.expected_version = 1});

  const Appended repeat = t.append(commit, {.expected_version = 1});

  EXPECT_EQ(first.version, 10U);
  expect_repeat(repeat, first);
  EXPECT_THAT(versions_of(t.read("order-1")), ElementsAre(1, 2, 3, 9, 10));
}

void a_repeat_of_several_actors_succeeds(EventStoreTest& t) {
  if (!t.traits().several_actors) GTEST_SKIP() << "a commit has one actor here";
  const std::vector commit{event_with_id("a-1", "a", 1), event_with_id("b-1", "b", 4),
                           event_with_id("a-1", "c", 2)};
  const Appended first = t.append(commit);
  t.append_many("a-1", 2);

  const Appended repeat = t.append(commit);

  expect_repeat(repeat, first);
  EXPECT_EQ(t.read_all().size(), 5U);
}

void what_is_stored_wins_over_a_repeat_with_other_content(EventStoreTest& t) {
  Event event = event_with_id("order-1", "a", 1);
  event.data = Data::json(R"({"total":1})");
  const Appended first = t.append(event);

  event.data = Data::json(R"({"total":2})");
  event.event_type = "Other";
  expect_repeat(t.append(event), first);

  const auto events = t.read("order-1");
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0]->data.text(), R"({"total":1})");
  EXPECT_EQ(events[0]->event_type, "Happened");
}

void another_event_at_the_version_conflicts(EventStoreTest& t) {
  t.append(event_with_id("order-1", "a", 1));

  EXPECT_THAT(t.store().append(event_with_id("order-1", "b", 1)), ConflictsAt(1U));
  EXPECT_THAT(t.store().append(event_with_id("order-1", "A", 1)), ConflictsAt(1U));
  EXPECT_THAT(t.store().append(event_with_id("order-1", "", 1)), ConflictsAt(1U));
  EXPECT_THAT(t.store().append(event_with_id("order-1", "b"), {.expected_version = 0}),
              ConflictsAt(1U));

  EXPECT_THAT(ids_of(t.read("order-1")), ElementsAre("a"));
}

void half_a_repeat_conflicts(EventStoreTest& t) {
  t.append({event_with_id("order-1", "a", 1), event_with_id("order-1", "b", 2)});

  EXPECT_THAT(t.store().append(
                  std::vector{event_with_id("order-1", "b", 2), event_with_id("order-1", "c", 3)}),
              ConflictsAt(2U));
  EXPECT_THAT(t.store().append(
                  std::vector{event_with_id("order-1", "a", 1), event_with_id("order-1", "x", 2)}),
              ConflictsAt(2U));
  EXPECT_THAT(
      t.store().append(std::vector{event_with_id("order-1", "a"), event_with_id("order-1", "b"),
                                   event_with_id("order-1", "c")},
                       {.expected_version = 0}),
      ConflictsAt(2U));

  EXPECT_THAT(ids_of(t.read("order-1")), ElementsAre("a", "b"));
}

void a_part_of_a_commit_may_be_repeated(EventStoreTest& t) {
  t.append({event_with_id("order-1", "a", 1), event_with_id("order-1", "b", 2)});

  EXPECT_EQ(t.append(event_with_id("order-1", "a", 1)).version, 1U);
  EXPECT_EQ(t.append(event_with_id("order-1", "b", 2)).version, 2U);

  EXPECT_THAT(ids_of(t.read("order-1")), ElementsAre("a", "b"));
}

void without_version_or_expectation_it_is_new_each_time(EventStoreTest& t) {
  for (const Version version : {1U, 2U}) {
    const Appended appended = t.append(event_with_id("order-1", "a"));
    EXPECT_EQ(appended.version, version);
    EXPECT_FALSE(appended.stored_already);
  }
  EXPECT_EQ(t.append(event_with_id("order-2", "a")).version, 1U);

  EXPECT_THAT(ids_of(t.read("order-1")), ElementsAre("a", "a"));
}

void a_repeat_is_there_once(EventStoreTest& t) {
  t.append(event_with_id("order-1", "a", 1));
  t.append(event_with_id("order-1", "a", 1));
  t.append(event_with_id("order-1", "b", 2));

  EXPECT_THAT(ids_of(t.read_all()), ElementsAre("a", "b"));
}

}  // namespace

Cases repeat_cases() {
  return {
      {"ARepeatSucceedsAndChangesNothing", a_repeat_succeeds_and_changes_nothing},
      {"ARepeatSucceedsHoweverMuchLater", a_repeat_succeeds_however_much_later},
      {"ARepeatWithAnExpectedVersionNeedsNoVersions",
       a_repeat_with_an_expected_version_needs_no_versions},
      {"ARepeatOfSeveralActorsSucceeds", a_repeat_of_several_actors_succeeds},
      {"WhatIsStoredWinsOverARepeatWithOtherContent",
       what_is_stored_wins_over_a_repeat_with_other_content},
      {"AnotherEventAtTheVersionConflicts", another_event_at_the_version_conflicts},
      {"HalfARepeatConflicts", half_a_repeat_conflicts},
      {"APartOfACommitMayBeRepeated", a_part_of_a_commit_may_be_repeated},
      {"WithoutVersionOrExpectationItIsNewEachTime",
       without_version_or_expectation_it_is_new_each_time},
      {"ARepeatIsThereOnce", a_repeat_is_there_once},
  };
}

}  // namespace aether::testing
