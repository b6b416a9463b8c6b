// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/store/audit.hpp"
#include "aether/store/event_store.hpp"
#include "aether/testing/event_store_suite.hpp"
#include "aether/testing/manual_clock.hpp"
#include "testing/matchers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <source_location>
#include <string>
#include <string_view>
#include <vector>

namespace aether::testing {

class EventStoreTest;

/// One test of the suite. The name is the claim.
struct Case {
  using Run = void (*)(EventStoreTest& t);

  Case(const char* claim, Run body, std::source_location place = std::source_location::current())
      : name(claim), run(body), where(place) {}

  const char* name;
  Run run;
  std::source_location where;
};

using Cases = std::vector<Case>;

// One list a file; event_store_suite.cpp registers them all.
[[nodiscard]] Cases append_cases();
[[nodiscard]] Cases async_cases();
[[nodiscard]] Cases bad_input_cases();
[[nodiscard]] Cases chain_cases();
[[nodiscard]] Cases concurrency_cases();
[[nodiscard]] Cases content_cases();
[[nodiscard]] Cases history_cases();
[[nodiscard]] Cases read_all_cases();
[[nodiscard]] Cases read_cases();
[[nodiscard]] Cases reopen_cases();
[[nodiscard]] Cases repeat_cases();
[[nodiscard]] Cases subscribe_cases();
[[nodiscard]] Cases subscription_end_cases();

/// What is under test: the same for all tests of one registration.
struct Subject {
  std::function<std::unique_ptr<EventStoreHarness>(const Clock& clock)> make_harness;
  EventStoreTraits traits;
};

/// The fixture, and the language in which the cases are told.
class EventStoreTest : public ::testing::Test {
 public:
  EventStoreTest(std::shared_ptr<const Subject> subject, Case::Run run)
      : subject_(std::move(subject)), run_(run) {}

  [[nodiscard]] EventStore& store() { return harness_->store(); }
  [[nodiscard]] ManualClock& clock() { return clock_; }
  [[nodiscard]] const EventStoreTraits& traits() const { return subject_->traits; }

  /// False: the store keeps nothing, and the case should skip the rest.
  [[nodiscard]] bool reopen() { return harness_->reopen(); }
  /// Destroys the store, and whatever it lives in.
  void destroy() { harness_.reset(); }

  /// These expect success.
  Appended append(Event event, const AppendOptions& options = {});
  Appended append(std::vector<Event> events, const AppendOptions& options = {});
  /// `count` events of one actor, an append each.
  void append_many(const std::string& actor_id, std::size_t count);
  [[nodiscard]] std::vector<EventPtr> read(std::string_view actor_id,
                                           const ReadOptions& options = {});
  [[nodiscard]] Version latest(std::string_view actor_id);
  /// All pages of `limit` events after `after`, one after the other.
  [[nodiscard]] std::vector<EventPtr> read_all(const Filter& filter = {}, Position after = 0,
                                               std::size_t limit = 1'000);
  [[nodiscard]] Subscription subscribe(EventHandler handler, Position after = 0,
                                       Filter filter = {});

  void SetUp() override;
  void TestBody() override { run_(*this); }
  void TearDown() override { harness_.reset(); }

 private:
  const std::shared_ptr<const Subject> subject_;
  const Case::Run run_;
  ManualClock clock_;
  std::unique_ptr<EventStoreHarness> harness_;
};

/// An event with as little as an event needs.
[[nodiscard]] Event event_of(std::string actor_id, std::string event_type = "Happened",
                             Version version = 0);
[[nodiscard]] Event event_with_id(std::string actor_id, std::string id, Version version = 0);

[[nodiscard]] std::vector<Version> versions_of(const std::vector<EventPtr>& events);
[[nodiscard]] std::vector<std::string> types_of(const std::vector<EventPtr>& events);
[[nodiscard]] std::vector<Position> positions_of(const std::vector<EventPtr>& events);
[[nodiscard]] bool strictly_increase(const std::vector<Position>& positions);
/// 1, 2, … `count`.
[[nodiscard]] std::vector<Version> versions_up_to(std::size_t count);

}  // namespace aether::testing
