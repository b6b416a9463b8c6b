// SPDX-License-Identifier: Apache-2.0
#include "testing/collector.hpp"
#include "testing/event_store_fixture.hpp"
#include "testing/waiting.hpp"

#include <algorithm>
#include <atomic>
#include <barrier>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace aether::testing {

namespace {

constexpr std::size_t kRounds = 200;
constexpr std::size_t kRacers = 4;

/// Lets all racers append at the same moment, round after round. `make` gives each one's event and
/// options. Returns the results by round and racer.
using Attempt = std::function<Result<Appended>(std::size_t round, std::size_t racer)>;
std::vector<std::vector<Result<Appended>>> race(const Attempt& attempt) {
  std::vector<std::vector<Result<Appended>>> results(kRounds,
                                                     std::vector<Result<Appended>>(kRacers));
  std::barrier<> together(static_cast<std::ptrdiff_t>(kRacers));
  run_together(kRacers, [&](std::size_t racer) {
    for (std::size_t round = 0; round < kRounds; ++round) {
      together.arrive_and_wait();
      results[round][racer] = attempt(round, racer);
    }
  });
  return results;
}

std::string id_of(std::size_t round, std::size_t racer) {
  return std::to_string(round) + "/" + std::to_string(racer);
}

/// One winner in each round, whose event is the one that is stored.
void expect_one_winner_a_round(EventStoreTest& t,
                               const std::vector<std::vector<Result<Appended>>>& results,
                               const std::function<std::string(std::size_t)>& actor_of,
                               const std::function<Version(std::size_t)>& version_of) {
  for (std::size_t round = 0; round < results.size(); ++round) {
    std::optional<std::size_t> winner;
    for (std::size_t racer = 0; racer < results[round].size(); ++racer) {
      const auto& result = results[round][racer];
      if (!result) {
        EXPECT_THAT(result, ConflictsAt(version_of(round)));
        continue;
      }
      ASSERT_FALSE(winner.has_value()) << "two writers were accepted in round " << round;
      winner = racer;
      EXPECT_EQ(result->version, version_of(round));
    }
    ASSERT_TRUE(winner.has_value()) << "no writer was accepted in round " << round;
    const auto events = t.read(actor_of(round), {.from_version = version_of(round), .limit = 1});
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0]->version, version_of(round));
    EXPECT_EQ(events[0]->id, id_of(round, winner.value())) << "a refused event was stored";
  }
  EXPECT_EQ(t.read_all().size(), results.size()) << "a refused event was stored";
}

void one_of_many_with_the_same_expectation_wins(EventStoreTest& t) {
  const auto results = race([&t](std::size_t round, std::size_t racer) {
    return t.store().append(event_with_id("order-1", id_of(round, racer)),
                            {.expected_version = round});
  });
  expect_one_winner_a_round(
      t, results, [](std::size_t) { return "order-1"; },
      [](std::size_t round) { return round + 1; });
}

void one_of_many_at_the_same_version_wins(EventStoreTest& t) {
  const auto results = race([&t](std::size_t round, std::size_t racer) {
    return t.store().append(event_with_id("order-1", id_of(round, racer), round + 1));
  });
  expect_one_winner_a_round(
      t, results, [](std::size_t) { return "order-1"; },
      [](std::size_t round) { return round + 1; });
}

void one_of_many_begins_an_actor(EventStoreTest& t) {
  const auto actor = [](std::size_t round) { return "order-" + std::to_string(round); };
  const auto results = race([&](std::size_t round, std::size_t racer) {
    return t.store().append(event_with_id(actor(round), id_of(round, racer)),
                            {.expected_version = 0});
  });
  expect_one_winner_a_round(t, results, actor, [](std::size_t) { return Version{1}; });
}

void all_who_repeat_at_once_succeed(EventStoreTest& t) {
  const auto results = race([&t](std::size_t round, std::size_t) {
    return t.store().append(event_with_id("order-1", std::to_string(round), round + 1));
  });

  for (const auto& round : results) {
    std::size_t firsts = 0;
    for (const auto& result : round) {
      ASSERT_THAT(result, Succeeds());
      EXPECT_EQ(result->version, round[0]->version);
      EXPECT_EQ(result->position, round[0]->position) << "all are told the same place";
      if (!result->stored_already) ++firsts;
    }
    EXPECT_EQ(firsts, 1U) << "all but one are told that it was stored already";
  }
  EXPECT_EQ(versions_of(t.read("order-1")), versions_up_to(kRounds));
  EXPECT_EQ(t.read_all().size(), kRounds);
}

void writers_who_expect_nothing_all_win(EventStoreTest& t) {
  const auto results = race([&t](std::size_t round, std::size_t racer) {
    const std::string id = id_of(round, racer);
    return t.store().append(
        std::vector{event_with_id("order-1", id + "a"), event_with_id("order-1", id + "b")});
  });

  const auto events = t.read("order-1");
  ASSERT_EQ(versions_of(events), versions_up_to(2 * kRounds * kRacers));
  EXPECT_TRUE(strictly_increase(positions_of(events)));
  for (std::size_t round = 0; round < kRounds; ++round) {
    for (std::size_t racer = 0; racer < kRacers; ++racer) {
      const auto& result = results[round][racer];
      ASSERT_THAT(result, Succeeds());
      ASSERT_GE(result->version, 2U);
      EXPECT_EQ(events[result->version - 1]->id, id_of(round, racer) + "b");
      EXPECT_EQ(events[result->version - 2]->id, id_of(round, racer) + "a");
      EXPECT_EQ(events[result->version - 1]->position, result->position);
    }
  }
}

void commits_of_several_actors_neither_block_nor_mix(EventStoreTest& t) {
  if (!t.traits().several_actors) GTEST_SKIP() << "a commit has one actor here";
  const auto results = race([&t](std::size_t, std::size_t racer) {
    std::vector events{event_of("a-1"), event_of("b-1"), event_of("c-1")};
    std::ranges::rotate(events, events.begin() + static_cast<std::ptrdiff_t>(racer % 3));
    if (racer % 2 == 1) std::ranges::reverse(events);
    return t.store().append(std::move(events));
  });

  for (const auto& round : results) {
    for (const auto& result : round) ASSERT_THAT(result, Succeeds());
  }
  const auto all = t.read_all();
  ASSERT_EQ(all.size(), 3 * kRounds * kRacers);
  for (std::size_t i = 0; i < all.size(); i += 3) {
    const Version version = i / 3 + 1;
    EXPECT_EQ(all[i]->version, version) << "commits must not be mixed with one another";
    EXPECT_EQ(all[i + 1]->version, version);
    EXPECT_EQ(all[i + 2]->version, version);
  }
}

/// Reads again and again while others write, and expects each reading to continue the one before.
void read_while(EventStoreTest& t, const std::atomic<bool>& writing, std::size_t commit) {
  std::size_t actor_seen = 0;
  std::size_t all_seen = 0;
  bool last = false;
  while (!last) {
    last = !writing;
    const Version latest = t.latest("order-1");
    const auto actor = t.read("order-1");
    ASSERT_GE(actor.size(), latest) << "a read must not go back behind an earlier answer";
    ASSERT_GE(actor.size(), actor_seen);
    ASSERT_EQ(versions_of(actor), versions_up_to(actor.size())) << "there is a hole";
    ASSERT_EQ(actor.size() % commit, 0U) << "half a commit is seen";
    actor_seen = actor.size();
    const auto page = t.store().read_all({}, 0, 1'000'000);
    ASSERT_THAT(page, Succeeds());
    ASSERT_GE(page->events.size(), std::max(all_seen, actor_seen));
    ASSERT_TRUE(strictly_increase(positions_of(page->events)));
    ASSERT_EQ(page->events.size() % commit, 0U) << "half a commit is seen";
    all_seen = page->events.size();
  }
}

void readers_see_whole_prefixes(EventStoreTest& t) {
  constexpr std::size_t kWriters = 2;
  constexpr std::size_t kCommit = 3;
  constexpr std::size_t kAppends = 150;
  std::atomic<std::size_t> unfinished{kWriters};
  std::atomic<bool> writing{true};
  run_together(kWriters + 2, [&](std::size_t i) {
    if (i >= kWriters) return read_while(t, writing, kCommit);
    for (std::size_t n = 0; n < kAppends; ++n) {
      t.append(std::vector(kCommit, event_of(n % 2 == 0 ? "order-1" : "order-2")));
    }
    if (--unfinished == 0) writing = false;
  });
  EXPECT_EQ(t.read_all().size(), kWriters * kAppends * kCommit);
}

void an_append_is_seen_at_once_by_every_thread(EventStoreTest& t) {
  std::atomic<Version> acknowledged{0};
  constexpr Version kAppends = 300;
  run_together(3, [&](std::size_t i) {
    if (i == 0) {
      for (Version n = 1; n <= kAppends; ++n) {
        t.append(event_of("order-1"));
        acknowledged = n;
      }
      return;
    }
    for (Version known = 0; known < kAppends && !::testing::Test::HasFailure();) {
      known = acknowledged;
      EXPECT_GE(t.latest("order-1"), known);
      EXPECT_GE(t.read("order-1").size(), known);
      EXPECT_GE(t.read_all().size(), known);
    }
  });
}

void the_longest_timeout_is_none(EventStoreTest& t) {
  run_together(kRacers, [&](std::size_t) {
    for (std::size_t round = 0; round < kRounds; ++round) {
      EXPECT_THAT(
          t.store().append(event_of("order-1"), {.timeout = std::chrono::milliseconds::max()}),
          Succeeds());
    }
  });

  EXPECT_EQ(t.latest("order-1"), kRacers * kRounds);
}

}  // namespace

Cases concurrency_cases() {
  return {
      {"OneOfManyWithTheSameExpectationWins", one_of_many_with_the_same_expectation_wins},
      {"OneOfManyAtTheSameVersionWins", one_of_many_at_the_same_version_wins},
      {"OneOfManyBeginsAnActor", one_of_many_begins_an_actor},
      {"AllWhoRepeatAtOnceSucceed", all_who_repeat_at_once_succeed},
      {"WritersWhoExpectNothingAllWin", writers_who_expect_nothing_all_win},
      {"TheLongestTimeoutIsNone", the_longest_timeout_is_none},
      {"CommitsOfSeveralActorsNeitherBlockNorMix", commits_of_several_actors_neither_block_nor_mix},
      {"ReadersSeeWholePrefixes", readers_see_whole_prefixes},
      {"AnAppendIsSeenAtOnceByEveryThread", an_append_is_seen_at_once_by_every_thread},
  };
}

}  // namespace aether::testing
