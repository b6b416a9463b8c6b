// SPDX-License-Identifier: Apache-2.0
#include "testing/registry_fixture.hpp"

#include <array>
#include <atomic>
#include <thread>

namespace aether::testing {

namespace {

using Entry = Registry::Entry;

void a_new_key_is_set_and_read(RegistryTest& t) {
  const std::uint64_t revision = t.put("leader", "a", 0);

  EXPECT_GT(revision, 0U);
  EXPECT_EQ(t.get("leader"), (Entry{.key = "leader", .value = "a", .revision = revision}));
}

void a_key_never_set_is_none(RegistryTest& t) {
  t.put("node.a", "a", 0);

  for (const char* const key : {"node", "node.b", "a", "node.a.b"}) {
    const auto entry = RegistryTest::try_get(t.registry(), key);
    ASSERT_THAT(entry, Succeeds());
    EXPECT_FALSE(entry->has_value()) << key;
  }
}

void a_put_at_the_present_revision_replaces(RegistryTest& t) {
  const std::uint64_t first = t.put("leader", "a", 0);

  const std::uint64_t second = t.put("leader", "b", first);

  EXPECT_GT(second, first);
  EXPECT_EQ(t.get("leader"), (Entry{.key = "leader", .value = "b", .revision = second}));
}

void a_put_at_another_revision_conflicts_and_changes_nothing(RegistryTest& t) {
  const std::uint64_t first = t.put("leader", "a", 0);
  const std::uint64_t second = t.put("leader", "b", first);

  for (const std::uint64_t expected : {std::uint64_t{0}, first, second + 1, second + 1'000}) {
    EXPECT_THAT(RegistryTest::try_put(t.registry(), "leader", "c", expected),
                FailsWith(Errc::version_conflict))
        << expected;
  }
  EXPECT_THAT(RegistryTest::try_put(t.registry(), "new", "c", second),
              FailsWith(Errc::version_conflict));

  EXPECT_EQ(t.get("leader"), (Entry{.key = "leader", .value = "b", .revision = second}));
  EXPECT_FALSE(RegistryTest::try_get(t.registry(), "new")->has_value());
}

void the_same_put_again_conflicts(RegistryTest& t) {
  const std::uint64_t first = t.put("leader", "a", 0);
  const std::uint64_t second = t.put("leader", "b", first);

  EXPECT_THAT(RegistryTest::try_put(t.registry(), "leader", "b", first),
              FailsWith(Errc::version_conflict));
  EXPECT_EQ(t.get("leader").revision, second);
}

void revisions_grow_over_all_keys(RegistryTest& t) {
  const std::uint64_t a = t.put("a", "1", 0);
  const std::uint64_t b = t.put("b", "1", 0);
  const std::uint64_t a_again = t.put("a", "2", a);
  const std::uint64_t c = t.put("c", "1", 0);

  EXPECT_LT(a, b);
  EXPECT_LT(b, a_again);
  EXPECT_LT(a_again, c);
}

void a_removed_key_keeps_a_revision(RegistryTest& t) {
  const std::uint64_t first = t.put("node.a", "here", 0);

  const std::uint64_t removed = t.put("node.a", "", first);

  EXPECT_EQ(t.get("node.a"), (Entry{.key = "node.a", .value = "", .revision = removed}));
  EXPECT_THAT(RegistryTest::try_put(t.registry(), "node.a", "again", 0),
              FailsWith(Errc::version_conflict));
  EXPECT_GT(t.put("node.a", "again", removed), removed);
}

void what_one_node_puts_the_other_reads(RegistryTest& t) {
  const std::uint64_t first = t.put("leader", "a", 0);

  const auto seen = RegistryTest::try_get(t.other(), "leader");
  ASSERT_THAT(seen, Succeeds());
  EXPECT_EQ(*seen, (Entry{.key = "leader", .value = "a", .revision = first}));
  const auto second = RegistryTest::try_put(t.other(), "leader", "b", first);
  ASSERT_THAT(second, Succeeds());
  EXPECT_EQ(t.get("leader"), (Entry{.key = "leader", .value = "b", .revision = *second}));
}

void bad_keys_are_refused(RegistryTest& t) {
  const std::array<std::string, 14> bad = {"",
                                           ".",
                                           ".a",
                                           "a.",
                                           "a..b",
                                           "a b",
                                           "a*",
                                           "*",
                                           ">",
                                           "a.>",
                                           "a\r\nPUB x 0",
                                           "\xC3\xA9",
                                           std::string("a\0b", 3),
                                           std::string(kMaxRegistryKeyBytes + 1, 'a')};
  for (const std::string& key : bad) {
    EXPECT_THAT(RegistryTest::try_put(t.registry(), key, "v", 0), FailsWith(Errc::invalid_argument))
        << key;
    EXPECT_THAT(RegistryTest::try_get(t.registry(), key), FailsWith(Errc::invalid_argument)) << key;
  }

  for (const std::string& key : {std::string("A-z_0.9"), std::string(kMaxRegistryKeyBytes, 'k')}) {
    t.put(key, "v", 0);
    EXPECT_EQ(t.get(key).key, key);
  }
}

void values_are_any_bytes_up_to_the_limit(RegistryTest& t) {
  std::string value(kMaxRegistryValueBytes, '\0');
  for (std::size_t i = 0; i < value.size(); ++i) value[i] = static_cast<char>(i);

  const std::uint64_t revision = t.put("big", value, 0);
  EXPECT_THAT(RegistryTest::try_put(t.registry(), "big", value + "x", revision),
              FailsWith(Errc::invalid_argument));

  EXPECT_TRUE(t.get("big").value == value);
}

void of_puts_at_one_revision_one_is_done(RegistryTest& t) {
  constexpr std::size_t kWriters = 4;
  constexpr int kRounds = 25;
  std::uint64_t expected = 0;
  for (int round = 0; round < kRounds && !t.HasFailure(); ++round) {
    std::array<Result<std::uint64_t>, kWriters> outcomes;
    run_together(kWriters, [&](std::size_t me) {
      Registry& registry = me % 2 == 0 ? t.registry() : t.other();
      outcomes[me] = RegistryTest::try_put(registry, "leader", std::to_string(me), expected);
    });
    std::size_t winners = 0;
    std::string winner;
    for (std::size_t me = 0; me < kWriters; ++me) {
      if (!outcomes[me]) {
        EXPECT_THAT(outcomes[me], FailsWith(Errc::version_conflict));
        continue;
      }
      ++winners;
      winner = std::to_string(me);
      expected = *outcomes[me];
    }
    ASSERT_EQ(winners, 1U) << "round " << round;
    ASSERT_EQ(t.get("leader"), (Entry{.key = "leader", .value = winner, .revision = expected}));
  }
}

void completions_come_after_the_call_and_may_call_again(RegistryTest& t) {
  std::mutex held;  // were a completion called within the call, it would wait for itself
  Gate done;
  Registry& registry = t.registry();
  {
    const std::scoped_lock lock(held);
    registry.put("a", "1", 0, patience(), [&](const Result<std::uint64_t>& first) {
      {
        const std::scoped_lock inner(held);
      }
      EXPECT_THAT(first, Succeeds());
      registry.get("a", patience(), [&](const Result<std::optional<Entry>>& seen) {
        EXPECT_THAT(seen, Succeeds());
        registry.put("", "1", 0, patience(), [&](const Result<std::uint64_t>& bad) {
          {
            const std::scoped_lock inner(held);
          }
          EXPECT_THAT(bad, FailsWith(Errc::invalid_argument));
          done.open();
        });
      });
    });
    registry.get("..", patience(), [&](const Result<std::optional<Entry>>& bad) {
      const std::scoped_lock inner(held);
      EXPECT_THAT(bad, FailsWith(Errc::invalid_argument));
    });
  }
  EXPECT_TRUE(done.pass());
}

}  // namespace

RegistryCases registry_key_cases() {
  return {
      {"ANewKeyIsSetAndRead", a_new_key_is_set_and_read},
      {"AKeyNeverSetIsNone", a_key_never_set_is_none},
      {"APutAtThePresentRevisionReplaces", a_put_at_the_present_revision_replaces},
      {"APutAtAnotherRevisionConflictsAndChangesNothing",
       a_put_at_another_revision_conflicts_and_changes_nothing},
      {"TheSamePutAgainConflicts", the_same_put_again_conflicts},
      {"RevisionsGrowOverAllKeys", revisions_grow_over_all_keys},
      {"ARemovedKeyKeepsARevision", a_removed_key_keeps_a_revision},
      {"WhatOneNodePutsTheOtherReads", what_one_node_puts_the_other_reads},
      {"BadKeysAreRefused", bad_keys_are_refused},
      {"ValuesAreAnyBytesUpToTheLimit", values_are_any_bytes_up_to_the_limit},
      {"OfPutsAtOneRevisionOneIsDone", of_puts_at_one_revision_one_is_done},
      {"CompletionsComeAfterTheCallAndMayCallAgain",
       completions_come_after_the_call_and_may_call_again},
  };
}

}  // namespace aether::testing
