// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/bus/event_bus.hpp"
#include "aether/testing/event_bus_suite.hpp"
#include "testing/bus_collector.hpp"
#include "testing/matchers.hpp"
#include "testing/waiting.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aether::testing {

class EventBusTest;

/// One test of the suite. The name is the claim.
struct BusCase {
  using Run = void (*)(EventBusTest& t);

  BusCase(const char* claim, Run body, std::source_location place = std::source_location::current())
      : name(claim), run(body), where(place) {}

  const char* name;
  Run run;
  std::source_location where;
};

using BusCases = std::vector<BusCase>;

// One list a file; event_bus_suite.cpp registers them all.
[[nodiscard]] BusCases bus_concurrency_cases();
[[nodiscard]] BusCases bus_end_cases();
[[nodiscard]] BusCases bus_handler_cases();
[[nodiscard]] BusCases bus_publish_cases();
[[nodiscard]] BusCases bus_queue_cases();

/// What is under test: the same for all tests of one registration.
struct BusSubject {
  std::function<std::unique_ptr<EventBusHarness>()> make_harness;
  EventBusTraits traits;
};

/// The fixture, and the language in which the cases are told.
class EventBusTest : public ::testing::Test {
 public:
  EventBusTest(std::shared_ptr<const BusSubject> subject, BusCase::Run run)
      : subject_(std::move(subject)), run_(run) {}

  [[nodiscard]] EventBus& bus() { return harness_->bus(); }
  [[nodiscard]] EventBus& subscribers_bus() { return harness_->subscribers_bus(); }
  [[nodiscard]] const EventBusTraits& traits() const { return subject_->traits; }
  /// Destroys the bus, and whatever it lives in.
  void destroy() { harness_.reset(); }

  /// These expect success.
  void publish(std::string_view ns, EventPtr event);
  /// "order-1" at the versions from `first` to `last`.
  void publish_all(std::string_view ns, Version first, Version last);
  [[nodiscard]] Subscription subscribe(std::string_view pattern, BusHandler handler,
                                       SubscribeOptions options = {}, Filter filter = {});
  /// With the collector as the handler, and told of gaps.
  [[nodiscard]] Subscription subscribe(std::string_view pattern, BusCollector& collector,
                                       SubscribeOptions options = {}, Filter filter = {});

  void SetUp() override;
  void TestBody() override { run_(*this); }
  void TearDown() override { harness_.reset(); }

 private:
  const std::shared_ptr<const BusSubject> subject_;
  const BusCase::Run run_;
  std::unique_ptr<EventBusHarness> harness_;
};

/// A namespace that a case knows to be one.
[[nodiscard]] Namespace ns_of(std::string_view text);

/// An event as a store would return it.
[[nodiscard]] EventPtr stored(std::string actor_id, Version version,
                              std::string event_type = "Happened");

/// Whether the subscription's counters add up to `received`, once all of it is done with.
[[nodiscard]] bool adds_up(const Subscription& subscription, std::uint64_t received);

/// A handler that says when it runs, and then waits until it is let go.
struct Held {
  Gate running;
  Gate released;

  void hold() {
    running.open();
    EXPECT_TRUE(released.pass());
  }
};

}  // namespace aether::testing
