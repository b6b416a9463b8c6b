// SPDX-License-Identifier: Apache-2.0
#include "testing/collector.hpp"
#include "testing/event_store_fixture.hpp"
#include "testing/waiting.hpp"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

namespace aether::testing {

namespace {

/// Keeps the outcomes of appends in the order of their completions. Copies share what they keep.
class Outcomes {
 public:
  struct Outcome {
    std::size_t index;  // the append it belongs to
    Result<Appended> result;
  };

  [[nodiscard]] EventStore::Completion completion(std::size_t index) {
    return [kept = kept_, index](Result<Appended> result) {
      const std::scoped_lock lock(kept->mutex);
      kept->outcomes.push_back({index, std::move(result)});
      kept->arrived.notify_all();
    };
  }

  [[nodiscard]] bool wait_for(std::size_t count) const {
    std::unique_lock lock(kept_->mutex);
    return kept_->arrived.wait_for(lock, patience(),
                                   [&] { return kept_->outcomes.size() >= count; });
  }

  [[nodiscard]] std::vector<Outcome> all() const {
    const std::scoped_lock lock(kept_->mutex);
    return kept_->outcomes;
  }

 private:
  struct Kept {
    std::mutex mutex;  // guards outcomes
    std::condition_variable arrived;
    std::vector<Outcome> outcomes;
  };
  std::shared_ptr<Kept> kept_ = std::make_shared<Kept>();
};

Result<Appended> append_and_wait(EventStoreTest& t, std::vector<Event> events,
                                 const AppendOptions& options = {}) {
  Outcomes outcomes;
  t.store().append_async(std::move(events), options, outcomes.completion(0));
  if (!outcomes.wait_for(1)) return fail(Errc::outcome_unknown, "no completion came");
  return outcomes.all()[0].result;
}

/// Of one actor: those of different actors may be stored, and completed, in any order.
void many_in_flight_are_stored_in_the_order_of_the_calls(EventStoreTest& t) {
  constexpr std::size_t kAppends = 1'000;
  constexpr std::size_t kActors = 7;
  Outcomes outcomes;
  for (std::size_t i = 0; i < kAppends; ++i) {
    t.store().append_async({event_of("order-" + std::to_string(i % kActors), std::to_string(i))},
                           {}, outcomes.completion(i));
  }
  ASSERT_TRUE(outcomes.wait_for(kAppends));

  const auto all = t.read_all();

  ASSERT_EQ(all.size(), kAppends);
  std::vector<Position> positions(kAppends);
  std::vector<Position> last(kActors);
  for (const auto& [index, result] : outcomes.all()) {
    ASSERT_THAT(result, Succeeds());
    EXPECT_EQ(result->version, index / kActors + 1);
    EXPECT_EQ(positions[index], 0U) << "append " << index << " was completed twice";
    positions[index] = result->position;
    EXPECT_GT(result->position, last[index % kActors]) << "completions come in order";
    last[index % kActors] = result->position;
  }
  EXPECT_EQ(outcomes.all().size(), kAppends);
  for (const EventPtr& event : all) {
    const std::size_t index = std::stoul(event->event_type);
    ASSERT_LT(index, kAppends);
    EXPECT_EQ(event->actor_id, "order-" + std::to_string(index % kActors));
    EXPECT_EQ(event->version, index / kActors + 1);
    EXPECT_EQ(event->position, positions[index]);
  }
}

void waiting_and_not_waiting_keep_one_order(EventStoreTest& t) {
  constexpr std::size_t kRounds = 50;
  Outcomes outcomes;
  std::vector<std::string> expected;
  for (std::size_t i = 0; i < kRounds; ++i) {
    for (const std::string kind : {"first", "second"}) {
      expected.push_back(kind + std::to_string(i));
      t.store().append_async({event_of("order-1", expected.back())}, {},
                             outcomes.completion(expected.size()));
    }
    expected.push_back("waited" + std::to_string(i));
    t.append(event_of("order-1", expected.back()));
  }
  ASSERT_TRUE(outcomes.wait_for(2 * kRounds));

  EXPECT_EQ(types_of(t.read("order-1")), expected);
}

void a_chain_of_expected_versions_needs_no_waiting(EventStoreTest& t) {
  constexpr std::size_t kAppends = 100;
  Outcomes outcomes;
  for (std::size_t i = 0; i < kAppends; ++i) {
    t.store().append_async({event_of("order-1")}, {.expected_version = i}, outcomes.completion(i));
  }
  t.store().append_async({event_of("order-1")}, {.expected_version = 5},
                         outcomes.completion(kAppends));
  ASSERT_TRUE(outcomes.wait_for(kAppends + 1));

  for (const auto& [index, result] : outcomes.all()) {
    if (index < kAppends) {
      EXPECT_THAT(result, Succeeds());
    } else {
      EXPECT_THAT(result, ConflictsAt(kAppends));
    }
  }
  EXPECT_EQ(versions_of(t.read("order-1")), versions_up_to(kAppends));
}

void nobody_needs_to_ask_for_the_outcome(EventStoreTest& t) {
  t.store().append_async({event_of("order-1")}, {}, {});
  t.store().append_async({event_of("order-1", "")}, {}, {});
  t.store().append_async({}, {}, {});

  EXPECT_EQ(t.append(event_of("order-1")).version, 2U);
}

void it_refuses_what_append_refuses(EventStoreTest& t) {
  t.append_many("order-1", 2);

  EXPECT_THAT(append_and_wait(t, {event_of("order-1", "Taken", 2)}), ConflictsAt(2U));
  EXPECT_THAT(append_and_wait(t, {event_of("order-1")}, {.expected_version = 1}), ConflictsAt(2U));
  EXPECT_THAT(append_and_wait(t, {event_of("order-1"), event_of("order-1", "")}),
              FailsWith(Errc::invalid_argument));
  EXPECT_THAT(append_and_wait(t, {}), FailsWith(Errc::invalid_argument));
  EXPECT_THAT(append_and_wait(t, {event_of("order-1")}, {.timeout = std::chrono::milliseconds(-1)}),
              FailsWith(Errc::invalid_argument));
  EXPECT_THAT(append_and_wait(t, std::vector(1'001, event_of("order-1"))),
              FailsWith(Errc::too_large));
  EXPECT_THAT(append_and_wait(t, {event_of("order-1")}, {.require = Durability::replicated(1'000)}),
              FailsWith(Errc::unsupported));
  EXPECT_EQ(t.read_all().size(), 2U);
  EXPECT_THAT(append_and_wait(t, {event_of("order-1"), event_of("order-1")}), Succeeds());
  EXPECT_EQ(versions_of(t.read("order-1")), versions_up_to(4));
}

void what_a_completion_throws_goes_no_further(EventStoreTest& t) {
  Outcomes outcomes;
  const auto throwing = [&outcomes](std::size_t index) -> EventStore::Completion {
    return [index, keep = outcomes.completion(index)](Result<Appended> result) mutable {
      keep(std::move(result));
      if (index == 0) throw std::runtime_error("a completion's fault");
      throw index;
    };
  };

  EXPECT_NO_THROW(t.store().append_async({event_of("order-1")}, {}, throwing(0)));
  EXPECT_NO_THROW(t.store().append_async({event_of("order-1")}, {}, throwing(1)));
  EXPECT_NO_THROW(t.store().append_async({event_of("order-1", "")}, {}, throwing(2)));
  EXPECT_NO_THROW(t.store().append_async({}, {}, throwing(3)));

  ASSERT_TRUE(outcomes.wait_for(4));
  EXPECT_EQ(t.append(event_of("order-1")).version, 3U);
}

void a_completion_may_append_the_next(EventStoreTest& t) {
  constexpr std::size_t kAppends = 100;
  Outcomes outcomes;
  EventStore& store = t.store();
  std::function<void(std::size_t)> append_from = [&](std::size_t i) {
    store.append_async({event_of("order-1")}, {.expected_version = i},
                       [&, i](const Result<Appended>& result) {
                         auto done = outcomes.completion(i);
                         if (result && i + 1 < kAppends) append_from(i + 1);
                         done(result);
                       });
  };

  append_from(0);

  if (!outcomes.wait_for(kAppends)) {
    t.destroy();  // before what the completions refer to
    FAIL() << "only " << outcomes.all().size() << " of " << kAppends << " completions came";
  }
  EXPECT_EQ(versions_of(t.read("order-1")), versions_up_to(kAppends));
}

void destroying_the_store_finishes_what_was_accepted(EventStoreTest& t) {
  constexpr std::size_t kAppends = 300;
  Outcomes outcomes;
  for (std::size_t i = 0; i < kAppends; ++i) {
    t.store().append_async({event_of("order-1")}, {}, outcomes.completion(i));
  }

  t.destroy();

  const auto all = outcomes.all();
  EXPECT_EQ(all.size(), kAppends) << "all are completed before the store is gone";
  for (const auto& [index, result] : all) EXPECT_THAT(result, Succeeds());
}

void reopening_the_store_finishes_what_was_accepted(EventStoreTest& t) {
  constexpr std::size_t kAppends = 300;
  Outcomes outcomes;
  for (std::size_t i = 0; i < kAppends; ++i) {
    t.store().append_async({event_of("order-1")}, {}, outcomes.completion(i));
  }
  if (!t.reopen()) GTEST_SKIP() << "this store keeps nothing";

  EXPECT_EQ(outcomes.all().size(), kAppends);
  EXPECT_EQ(versions_of(t.read("order-1")), versions_up_to(kAppends));
}

void several_callers_each_keep_their_order(EventStoreTest& t) {
  constexpr std::size_t kCallers = 4;
  constexpr std::size_t kAppends = 200;
  Outcomes outcomes;
  run_together(kCallers, [&](std::size_t caller) {
    for (std::size_t i = 0; i < kAppends; ++i) {
      t.store().append_async({event_of("order-1", std::to_string(caller))}, {},
                             outcomes.completion(caller * kAppends + i));
    }
  });
  ASSERT_TRUE(outcomes.wait_for(kCallers * kAppends));

  std::vector<Version> versions(kCallers * kAppends);
  for (const auto& [index, result] : outcomes.all()) {
    ASSERT_THAT(result, Succeeds());
    versions[index] = result->version;
  }
  for (std::size_t i = 0; i < versions.size(); ++i) {
    EXPECT_TRUE(i % kAppends == 0 || versions[i] > versions[i - 1]) << "append " << i;
  }
  EXPECT_EQ(versions_of(t.read("order-1")), versions_up_to(kCallers * kAppends));
}

}  // namespace

Cases async_cases() {
  return {
      {"ManyInFlightAreStoredInTheOrderOfTheCalls",
       many_in_flight_are_stored_in_the_order_of_the_calls},
      {"WaitingAndNotWaitingKeepOneOrder", waiting_and_not_waiting_keep_one_order},
      {"AChainOfExpectedVersionsNeedsNoWaiting", a_chain_of_expected_versions_needs_no_waiting},
      {"AppendAsyncRefusesWhatAppendRefuses", it_refuses_what_append_refuses},
      {"NobodyNeedsToAskForTheOutcome", nobody_needs_to_ask_for_the_outcome},
      {"WhatACompletionThrowsGoesNoFurther", what_a_completion_throws_goes_no_further},
      {"ACompletionMayAppendTheNext", a_completion_may_append_the_next},
      {"DestroyingTheStoreFinishesWhatWasAccepted",
       destroying_the_store_finishes_what_was_accepted},
      {"ReopeningTheStoreFinishesWhatWasAccepted", reopening_the_store_finishes_what_was_accepted},
      {"SeveralCallersEachKeepTheirOrder", several_callers_each_keep_their_order},
  };
}

}  // namespace aether::testing
