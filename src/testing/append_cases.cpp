// SPDX-License-Identifier: Apache-2.0
#include "testing/event_store_fixture.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace aether::testing {

namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

void versions_count_from_one(EventStoreTest& t) {
  const Appended first = t.append(event_of("order-1"));
  const Appended second = t.append(event_of("order-1"));
  const Appended other = t.append(event_of("order-2"));

  EXPECT_EQ(first.version, 1U);
  EXPECT_EQ(second.version, 2U);
  EXPECT_EQ(other.version, 1U);
  EXPECT_GT(first.position, 0U);
  EXPECT_GT(second.position, first.position);
  EXPECT_GT(other.position, second.position);
  EXPECT_EQ(t.latest("order-1"), 2U);
  EXPECT_EQ(t.latest("order-2"), 1U);
}

void gaps_are_allowed(EventStoreTest& t) {
  EXPECT_EQ(t.append(event_of("order-1", "First", 5)).version, 5U);
  EXPECT_EQ(t.append(event_of("order-1", "Second", 9)).version, 9U);
  EXPECT_EQ(t.append(event_of("order-1", "Third")).version, 10U);

  EXPECT_THAT(versions_of(t.read("order-1")), ElementsAre(5, 9, 10));
  EXPECT_EQ(t.latest("order-1"), 10U);
}

void a_taken_version_conflicts(EventStoreTest& t) {
  t.append(event_of("order-1", "OrderPlaced"));
  t.append(event_of("order-1", "OrderShipped"));

  for (const Version taken : {1U, 2U}) {
    const auto appended = t.store().append(event_of("order-1", "OrderCancelled", taken));
    EXPECT_THAT(appended, ConflictsAt(2U));
  }

  EXPECT_THAT(types_of(t.read("order-1")), ElementsAre("OrderPlaced", "OrderShipped"));
  EXPECT_EQ(t.read_all().size(), 2U);
  EXPECT_EQ(t.append(event_of("order-1")).version, 3U) << "a conflict must use up no version";
}

void a_version_within_a_gap_conflicts(EventStoreTest& t) {
  t.append(event_of("order-1", "First", 5));

  const auto appended = t.store().append(event_of("order-1", "Second", 3));

  EXPECT_THAT(appended, ConflictsAt(5U));
  EXPECT_THAT(versions_of(t.read("order-1")), ElementsAre(5));
}

void the_expected_version_must_be_the_latest(EventStoreTest& t) {
  EXPECT_EQ(t.append(event_of("order-1"), {.expected_version = 0}).version, 1U);
  EXPECT_EQ(t.append(event_of("order-1"), {.expected_version = 1}).version, 2U);

  for (const Version wrong : {Version{0}, Version{1}, Version{3}, kMaxVersion}) {
    const auto appended = t.store().append(event_of("order-1"), {.expected_version = wrong});
    EXPECT_THAT(appended, ConflictsAt(2U)) << "expected " << wrong;
  }
  EXPECT_THAT(t.store().append(event_of("order-2"), {.expected_version = 1}), ConflictsAt(0U));

  EXPECT_THAT(versions_of(t.read("order-1")), ElementsAre(1, 2));
  EXPECT_THAT(t.read("order-2"), IsEmpty());
  EXPECT_EQ(t.append(event_of("order-1"), {.expected_version = 2}).version, 3U);
}

void an_expected_version_goes_with_a_given_one(EventStoreTest& t) {
  t.append(event_of("order-1"));

  EXPECT_THAT(t.store().append(event_of("order-1", "Taken", 1), {.expected_version = 1}),
              FailsWith(Errc::version_conflict));
  EXPECT_THAT(t.store().append(event_of("order-1", "NotLatest", 7), {.expected_version = 6}),
              FailsWith(Errc::version_conflict));
  EXPECT_EQ(t.append(event_of("order-1", "Seventh", 7), {.expected_version = 1}).version, 7U);

  EXPECT_THAT(versions_of(t.read("order-1")), ElementsAre(1, 7));
}

void a_commit_is_stored_whole_and_in_order(EventStoreTest& t) {
  t.append(event_of("order-1", "A"));
  const Appended appended =
      t.append({event_of("order-1", "B"), event_of("order-1", "C", 7), event_of("order-1", "D")},
               {.expected_version = 1});

  const auto events = t.read("order-1");
  EXPECT_THAT(types_of(events), ElementsAre("A", "B", "C", "D"));
  EXPECT_THAT(versions_of(events), ElementsAre(1, 2, 7, 8));
  ASSERT_EQ(events.size(), 4U);
  EXPECT_EQ(appended.version, 8U);
  EXPECT_EQ(appended.position, events.back()->position);
  EXPECT_TRUE(strictly_increase(positions_of(events)));
}

void a_commit_whose_versions_do_not_increase_conflicts(EventStoreTest& t) {
  const std::vector<std::vector<Version>> commits{{1, 3, 2}, {2, 2}, {5, 0, 6}, {kMaxVersion, 1}};
  for (const auto& versions : commits) {
    std::vector<Event> events;
    events.reserve(versions.size());
    for (const Version version : versions) {
      events.push_back(event_of("order-1", "Happened", version));
    }
    EXPECT_THAT(t.store().append(std::move(events)), FailsWith(Errc::version_conflict))
        << ::testing::PrintToString(versions);
  }
  EXPECT_THAT(t.read("order-1"), IsEmpty());
  EXPECT_EQ(t.latest("order-1"), 0U);
}

void a_commit_that_conflicts_late_stores_nothing(EventStoreTest& t) {
  t.append_many("order-1", 3);

  EXPECT_THAT(t.store().append(std::vector{event_of("order-1", "New"), event_of("order-1", "New"),
                                           event_of("order-1", "Taken", 3)}),
              FailsWith(Errc::version_conflict));

  EXPECT_THAT(versions_of(t.read("order-1")), ElementsAre(1, 2, 3));
  EXPECT_EQ(t.read_all().size(), 3U);
}

void several_actors_are_all_or_none(EventStoreTest& t) {
  t.append(event_of("b-1"));
  const std::vector commit{event_of("a-1", "A"), event_of("b-1", "B"), event_of("a-1", "C")};
  const std::vector conflict{event_of("a-1"), event_of("c-1"), event_of("b-1", "Taken", 1)};
  if (!t.traits().several_actors) {
    EXPECT_THAT(t.store().append(commit), FailsWith(Errc::unsupported));
    EXPECT_EQ(t.read_all().size(), 1U);
    return;
  }

  const Appended appended = t.append(commit);
  const auto refused = t.store().append(conflict);

  EXPECT_THAT(refused, FailsWith(Errc::version_conflict));
  EXPECT_THAT(types_of(t.read("a-1")), ElementsAre("A", "C"));
  EXPECT_THAT(versions_of(t.read("a-1")), ElementsAre(1, 2));
  EXPECT_THAT(versions_of(t.read("b-1")), ElementsAre(1, 2));
  EXPECT_THAT(t.read("c-1"), IsEmpty());
  EXPECT_EQ(t.latest("c-1"), 0U);
  EXPECT_THAT(types_of(t.read_all()), ElementsAre("Happened", "A", "B", "C"));
  EXPECT_EQ(appended.version, 2U);
  EXPECT_EQ(appended.position, t.read_all().back()->position);
}

void an_expected_version_is_for_one_actor(EventStoreTest& t) {
  const auto appended =
      t.store().append(std::vector{event_of("a-1"), event_of("b-1")}, {.expected_version = 0});

  ASSERT_FALSE(appended.has_value());
  EXPECT_TRUE(appended.error().code == Errc::invalid_argument ||
              (appended.error().code == Errc::unsupported && !t.traits().several_actors))
      << to_string(appended.error().code);
  EXPECT_THAT(t.read_all(), IsEmpty());
}

void the_highest_version_is_the_last(EventStoreTest& t) {
  EXPECT_EQ(t.append(event_of("order-1", "Last", kMaxVersion)).version, kMaxVersion);

  EXPECT_FALSE(t.store().append(event_of("order-1")).has_value());
  EXPECT_THAT(t.store().append(event_of("order-1", "Last", kMaxVersion)),
              FailsWith(Errc::version_conflict));

  EXPECT_THAT(versions_of(t.read("order-1")), ElementsAre(kMaxVersion));
  EXPECT_THAT(versions_of(t.read("order-1", {.from_version = kMaxVersion})),
              ElementsAre(kMaxVersion));
  EXPECT_EQ(t.latest("order-1"), kMaxVersion);
}

void durability_is_given_as_promised_or_refused(EventStoreTest& t) {
  const Durability best = t.store().durability();
  std::size_t stored = 0;
  for (const Durability need :
       {Durability::memory(), Durability::os_buffered(), Durability::fsynced(),
        Durability::replicated(1), Durability::replicated(3), Durability::replicated(1'000)}) {
    const auto appended = t.store().append(event_of("order-1"), {.require = need});
    if (best.satisfies(need)) {
      EXPECT_THAT(appended, Succeeds()) << to_string(need);
      EXPECT_TRUE(appended && appended->durability.satisfies(need)) << to_string(need);
      ++stored;
    } else {
      EXPECT_THAT(appended, FailsWith(Errc::unsupported)) << to_string(need);
    }
    EXPECT_EQ(t.read("order-1").size(), stored) << to_string(need);
  }
}

void a_negative_timeout_is_refused(EventStoreTest& t) {
  for (const auto timeout : {std::chrono::milliseconds(-1), std::chrono::milliseconds::min()}) {
    EXPECT_THAT(t.store().append(event_of("order-1"), {.timeout = timeout}),
                FailsWith(Errc::invalid_argument));
    EXPECT_THAT(t.store().append(std::vector{event_of("order-1")}, {.timeout = timeout}),
                FailsWith(Errc::invalid_argument));
  }

  EXPECT_THAT(t.read_all(), IsEmpty());
}

void the_callers_events_stay_as_they_are(EventStoreTest& t) {
  const std::vector events{event_of("order-1"), event_of("order-1")};

  ASSERT_THAT(t.store().append(std::span(events)), Succeeds());

  EXPECT_EQ(events, std::vector(2, event_of("order-1")));
  EXPECT_EQ(t.latest("order-1"), 2U);
}

}  // namespace

Cases append_cases() {
  return {
      {"VersionsCountFromOneAndPositionsIncrease", versions_count_from_one},
      {"GapsInVersionsAreAllowed", gaps_are_allowed},
      {"ATakenVersionConflictsAndStoresNothing", a_taken_version_conflicts},
      {"AVersionWithinAGapConflicts", a_version_within_a_gap_conflicts},
      {"TheExpectedVersionMustBeTheLatest", the_expected_version_must_be_the_latest},
      {"AnExpectedVersionGoesWithAGivenOne", an_expected_version_goes_with_a_given_one},
      {"ACommitIsStoredWholeAndInOrder", a_commit_is_stored_whole_and_in_order},
      {"ACommitWhoseVersionsDoNotIncreaseConflicts",
       a_commit_whose_versions_do_not_increase_conflicts},
      {"ACommitThatConflictsLateStoresNothing", a_commit_that_conflicts_late_stores_nothing},
      {"SeveralActorsAreAllOrNone", several_actors_are_all_or_none},
      {"AnExpectedVersionIsForOneActor", an_expected_version_is_for_one_actor},
      {"TheHighestVersionIsTheLast", the_highest_version_is_the_last},
      {"DurabilityIsGivenAsPromisedOrRefused", durability_is_given_as_promised_or_refused},
      {"ANegativeTimeoutIsRefused", a_negative_timeout_is_refused},
      {"TheCallersEventsStayAsTheyAre", the_callers_events_stay_as_they_are},
  };
}

}  // namespace aether::testing
