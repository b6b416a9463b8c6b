// SPDX-License-Identifier: Apache-2.0
#include "testing/registry_fixture.hpp"

#include <atomic>
#include <chrono>
#include <thread>

namespace aether::testing {

namespace {

using Entry = Registry::Entry;
using ::testing::ElementsAre;
using ::testing::Matches;
using ::testing::UnorderedElementsAre;

void a_watch_of_nothing_becomes_live(RegistryTest& t) {
  Sight sight;
  const auto watch = t.registry().watch(sight.watcher());

  EXPECT_TRUE(sight.wait_until_live());
  EXPECT_THAT(sight.entries(), ElementsAre());
}

void a_watch_begins_with_the_present_value_of_each_key(RegistryTest& t) {
  const std::uint64_t a = t.put("node.a", "old", 0);
  const std::uint64_t b = t.put("node.b", "b", 0);
  const std::uint64_t gone = t.put("node.b", "", b);
  const std::uint64_t a_again = t.put("node.a", "new", a);
  Sight sight;

  const auto watch = t.other().watch(sight.watcher());

  ASSERT_TRUE(sight.wait_until_live());
  // What is told first may come from a copy that is behind for a moment.
  const auto all = UnorderedElementsAre(Entry{.key = "node.a", .value = "new", .revision = a_again},
                                        Entry{.key = "node.b", .value = "", .revision = gone});
  EXPECT_TRUE(eventually([&] { return Matches(all)(sight.present()); }));
  EXPECT_THAT(sight.present(), all);
}

void each_change_is_seen_in_order(RegistryTest& t) {
  Sight mine;
  Sight others;
  const auto watch = t.registry().watch(mine.watcher());
  const auto watch_too = t.other().watch(others.watcher());
  ASSERT_TRUE(mine.wait_until_live());
  ASSERT_TRUE(others.wait_until_live());

  std::uint64_t a = 0;
  std::uint64_t b = 0;
  for (int i = 1; i <= 20; ++i) {
    a = t.put("a", std::to_string(i), a);
    b = t.put("b.c", std::to_string(i), b);
  }

  for (Sight* const sight : {&mine, &others}) {
    ASSERT_TRUE(sight->wait_for("a", "20"));
    ASSERT_TRUE(sight->wait_for("b.c", "20"));
    const auto entries = sight->entries();
    EXPECT_EQ(entries.back(), (Entry{.key = "b.c", .value = "20", .revision = b}));
    for (std::size_t i = 1; i < entries.size(); ++i) {
      EXPECT_LT(entries[i - 1].revision, entries[i].revision);
    }
  }
}

void a_removal_is_seen(RegistryTest& t) {
  Sight sight;
  const auto watch = t.other().watch(sight.watcher());
  ASSERT_TRUE(sight.wait_until_live());
  const std::uint64_t first = t.put("node.a", "a", 0);
  ASSERT_TRUE(sight.wait_for("node.a", "a"));

  t.put("node.a", "", first);

  EXPECT_TRUE(sight.wait_for("node.a", ""));
}

void what_changes_while_a_watch_begins_is_not_missed(RegistryTest& t) {
  std::uint64_t at = 0;
  for (int round = 0; round < 10 && !t.HasFailure(); ++round) {
    Sight sight;
    const std::string value = std::to_string(round);

    const auto watch = t.other().watch(sight.watcher());
    at = t.put("a", value, at);

    EXPECT_TRUE(sight.wait_for("a", value));
  }
}

void nothing_is_called_once_a_watch_has_ended(RegistryTest& t) {
  Sight ended;
  Sight witness;
  auto watch = t.registry().watch(ended.watcher());
  const auto last = t.registry().watch(witness.watcher());
  ASSERT_TRUE(ended.wait_until_live());
  ASSERT_TRUE(witness.wait_until_live());
  const std::uint64_t first = t.put("a", "1", 0);
  ASSERT_TRUE(ended.wait_for("a", "1"));

  watch.reset();
  t.put("a", "2", first);

  ASSERT_TRUE(witness.wait_for("a", "2"));
  EXPECT_EQ(ended.entries().size(), 1U);
}

void ending_a_watch_waits_for_a_call_that_runs(RegistryTest& t) {
  Gate running;
  std::atomic<bool> done{false};
  auto watch = t.registry().watch({.on_entry =
                                       [&](const Entry&) {
                                         running.open();
                                         // Not to wait for anything: this is the work that whoever
                                         // ends the watch waits for.
                                         std::this_thread::sleep_for(std::chrono::milliseconds(20));
                                         done = true;
                                       },
                                   .on_live = {}});
  t.registry().put("a", "1", 0, patience(), [](const Result<std::uint64_t>&) {});
  ASSERT_TRUE(running.pass());

  watch.reset();

  EXPECT_TRUE(done);
}

void a_watch_may_end_within_its_own_call(RegistryTest& t) {
  struct Shared {
    std::mutex mutex;
    std::unique_ptr<Registry::WatchHandle> handle;
    std::atomic<int> calls{0};
    Gate ended;
  };
  const auto shared = std::make_shared<Shared>();
  Sight witness;
  const auto last = t.registry().watch(witness.watcher());
  ASSERT_TRUE(witness.wait_until_live());
  {
    const std::scoped_lock lock(shared->mutex);
    shared->handle = t.registry().watch({.on_entry =
                                             [shared](const Entry&) {
                                               ++shared->calls;
                                               std::unique_ptr<Registry::WatchHandle> mine;
                                               {
                                                 const std::scoped_lock inner(shared->mutex);
                                                 mine = std::move(shared->handle);
                                               }
                                               mine.reset();
                                               shared->ended.open();
                                             },
                                         .on_live = {}});
  }

  const std::uint64_t first = t.put("a", "1", 0);
  ASSERT_TRUE(shared->ended.pass());
  t.put("a", "2", first);

  ASSERT_TRUE(witness.wait_for("a", "2"));
  EXPECT_EQ(shared->calls, 1);
}

void a_watcher_may_put(RegistryTest& t) {
  Registry& registry = t.registry();
  Sight sight;
  const auto witness = t.other().watch(sight.watcher());
  const auto watch = registry.watch({.on_entry =
                                         [&](const Entry& entry) {
                                           if (entry.key != "question") return;
                                           registry.put("answer", entry.value, 0, patience(),
                                                        [](const Result<std::uint64_t>&) {});
                                         },
                                     .on_live = {}});

  t.put("question", "42", 0);

  EXPECT_TRUE(sight.wait_for("answer", "42"));
}

}  // namespace

RegistryCases registry_watch_cases() {
  return {
      {"AWatchOfNothingBecomesLive", a_watch_of_nothing_becomes_live},
      {"AWatchBeginsWithThePresentValueOfEachKey",
       a_watch_begins_with_the_present_value_of_each_key},
      {"EachChangeIsSeenInOrder", each_change_is_seen_in_order},
      {"ARemovalIsSeen", a_removal_is_seen},
      {"WhatChangesWhileAWatchBeginsIsNotMissed", what_changes_while_a_watch_begins_is_not_missed},
      {"NothingIsCalledOnceAWatchHasEnded", nothing_is_called_once_a_watch_has_ended},
      {"EndingAWatchWaitsForACallThatRuns", ending_a_watch_waits_for_a_call_that_runs},
      {"AWatchMayEndWithinItsOwnCall", a_watch_may_end_within_its_own_call},
      {"AWatcherMayPut", a_watcher_may_put},
  };
}

}  // namespace aether::testing
