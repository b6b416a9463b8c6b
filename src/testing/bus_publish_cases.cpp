// SPDX-License-Identifier: Apache-2.0
#include "testing/event_bus_fixture.hpp"

#include <cstddef>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace aether::testing {

namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

void an_event_comes_to_each_subscription_as_it_was_published(EventBusTest& t) {
  BusCollector one;
  BusCollector other;
  const Subscription first = t.subscribe("prod", one);
  const Subscription second = t.subscribe("prod", other);
  auto event = std::make_shared<StoredEvent>(*stored("order-1", 3, "OrderPlaced"));
  event->data = Data::json(R"({ "total": 0.10 })");
  event->metadata = {{"correlation_id", "c-1"}, {"note", ""}};

  t.publish("prod", event);

  ASSERT_TRUE(one.wait_for(1));
  ASSERT_TRUE(other.wait_for(1));
  for (const BusCollector& collector : {one, other}) {
    const auto seen = collector.seen();
    ASSERT_EQ(seen.size(), 1U);
    EXPECT_EQ(seen.front().ns, "prod");
    EXPECT_EQ(static_cast<const Event&>(*seen.front().event), static_cast<const Event&>(*event));
  }
}

void what_was_published_before_is_not_seen(EventBusTest& t) {
  BusCollector early;
  BusCollector late;
  const Subscription first = t.subscribe("prod", early);
  t.publish("prod", stored("order-1", 1));
  ASSERT_TRUE(early.wait_for(1));

  const Subscription second = t.subscribe("prod", late);
  t.publish("prod", stored("order-1", 2));

  ASSERT_TRUE(late.wait_for(1));
  EXPECT_THAT(late.names(), ElementsAre("order-1@2"));
}

/// What each pattern sees of these namespaces. Each is published to twice, so that what a pattern
/// should not have seen in the first round comes before what it is to see in the second.
void a_pattern_sees_the_namespaces_that_it_names_and_no_other(EventBusTest& t) {
  const std::vector<std::string> kNamespaces{"prod",   "prod.eu", "prod.eu.a", "production",
                                             "dev.eu", "Prod",    "eu",        "prod-eu"};
  struct Expectation {
    std::string pattern;
    std::vector<std::string> namespaces;
  };
  const std::vector<Expectation> expectations{
      {.pattern = "prod", .namespaces = {"prod"}},
      {.pattern = "prod.eu", .namespaces = {"prod.eu"}},
      {.pattern = "*", .namespaces = {"prod", "production", "Prod", "eu", "prod-eu"}},
      {.pattern = "prod.*", .namespaces = {"prod.eu"}},
      {.pattern = "prod.>", .namespaces = {"prod.eu", "prod.eu.a"}},
      {.pattern = "*.eu", .namespaces = {"prod.eu", "dev.eu"}},
      {.pattern = "*.eu.>", .namespaces = {"prod.eu.a"}},
      {.pattern = ">", .namespaces = kNamespaces},
  };
  std::vector<BusCollector> collectors(expectations.size());
  std::vector<Subscription> subscriptions;
  for (std::size_t i = 0; i < expectations.size(); ++i) {
    subscriptions.push_back(t.subscribe(expectations[i].pattern, collectors[i]));
  }

  for (Version round = 1; round <= 2; ++round) {
    for (const std::string& ns : kNamespaces) t.publish(ns, stored("order-1", round));
  }

  for (std::size_t i = 0; i < expectations.size(); ++i) {
    std::vector<std::string> expected;
    for (const std::string round : {"1", "2"}) {
      for (const std::string& ns : expectations[i].namespaces) {
        expected.push_back(ns + " order-1@" + round);
      }
    }
    EXPECT_TRUE(collectors[i].wait_for(expected.size())) << expectations[i].pattern;
    EXPECT_EQ(collectors[i].names_with_namespaces(), expected) << expectations[i].pattern;
  }
}

void random_patterns_see_what_they_match_and_nothing_else(EventBusTest& t) {
  std::mt19937_64 random(7);  // the same in every run
  const auto below = [&](std::size_t end) {
    return std::uniform_int_distribution<std::size_t>(0, end - 1)(random);
  };
  const auto name = [&](bool is_pattern) {
    const std::vector<std::string> kTokens{"a", "b", "ab", "*"};
    std::string text;
    const std::size_t count = 1 + below(4);
    for (std::size_t i = 0; i < count; ++i) {
      text += (i == 0 ? "" : ".") + kTokens[below(is_pattern ? 4 : 3)];
    }
    return is_pattern && below(4) == 0 ? text + ".>" : text;
  };
  std::vector<std::string> patterns;
  std::vector<BusCollector> collectors(40);
  std::vector<Subscription> subscriptions;
  for (BusCollector& collector : collectors) {
    patterns.push_back(name(true));
    subscriptions.push_back(t.subscribe(patterns.back(), collector));
  }
  std::vector<std::vector<std::string>> expected(patterns.size());

  for (Version version = 1; version <= 150; ++version) {
    const std::string ns = name(false);
    t.publish(ns, stored("order-1", version));
    for (std::size_t i = 0; i < patterns.size(); ++i) {
      if (!NamespacePattern::parse(patterns[i])->matches(ns_of(ns))) continue;
      expected[i].push_back(ns + " order-1@" + std::to_string(version));
    }
  }

  for (std::size_t i = 0; i < patterns.size(); ++i) {
    EXPECT_TRUE(collectors[i].wait_for(expected[i].size())) << patterns[i];
    EXPECT_EQ(collectors[i].names_with_namespaces(), expected[i]) << patterns[i];
  }
}

void a_filter_lets_through_what_it_says(EventBusTest& t) {
  struct Expectation {
    Filter filter;
    std::vector<std::string> names;
  };
  const std::vector<Expectation> expectations{
      {.filter = {.actor_id = "order-1"}, .names = {"order-1@1", "order-1@2", "order-1@9"}},
      {.filter = {.actor_id = "order-1.*>"}, .names = {"order-1.*>@4", "order-1.*>@9"}},
      {.filter = {.category = "order"},
       .names = {"order-1@1", "order-1@2", "order-12@3", "order-1.*>@4", "order@6", "order-1@9",
                 "order-1.*>@9"}},
      {.filter = {.event_types = {"Paid", "Sent"}},
       .names = {"order-1@2", "orders-1@5", "order-1@9", "order-1.*>@9", "orders-1@9"}},
      {.filter = {.actor_id = "order-1", .event_types = {"Paid"}},
       .names = {"order-1@2", "order-1@9"}},
      {.filter = {.actor_id = "order-1", .category = "order"},
       .names = {"order-1@1", "order-1@2", "order-1@9"}},
  };
  std::vector<BusCollector> collectors(expectations.size());
  std::vector<Subscription> subscriptions;
  for (std::size_t i = 0; i < expectations.size(); ++i) {
    subscriptions.push_back(t.subscribe("prod", collectors[i], {}, expectations[i].filter));
  }

  t.publish("prod", stored("order-1", 1, "Placed"));
  t.publish("prod", stored("order-1", 2, "Paid"));
  t.publish("prod", stored("order-12", 3, "Placed"));
  t.publish("prod", stored("order-1.*>", 4, "Placed"));
  t.publish("prod", stored("orders-1", 5, "Sent"));
  t.publish("prod", stored("order", 6, "Placed"));
  t.publish("prod", stored("Order-1", 7, "paid"));
  for (const std::string actor : {"order-1", "order-1.*>", "orders-1"}) {
    t.publish("prod", stored(actor, 9, "Paid"));
  }

  for (std::size_t i = 0; i < expectations.size(); ++i) {
    EXPECT_TRUE(collectors[i].wait_for(expectations[i].names.size())) << "filter " << i;
    EXPECT_EQ(collectors[i].names(), expectations[i].names) << "filter " << i;
  }
}

void events_come_in_the_order_in_which_they_were_published(EventBusTest& t) {
  BusCollector seen;
  const Subscription subscription = t.subscribe("prod.>", seen);
  std::vector<std::string> expected;

  for (Version version = 1; version <= 1'000; ++version) {
    const std::string actor = version % 3 == 0 ? "order-1" : "order-2";
    t.publish(version % 2 == 0 ? "prod.eu" : "prod.us", stored(actor, version));
    expected.push_back(actor + "@" + std::to_string(version));
  }

  ASSERT_TRUE(seen.wait_for(1'000));
  EXPECT_EQ(seen.names(), expected);
}

void an_event_in_a_namespace_without_subscribers_is_no_error(EventBusTest& t) {
  t.publish("nobody.here", stored("order-1", 1));

  BusCollector seen;
  const Subscription subscription = t.subscribe("nobody.here", seen);
  t.publish("nobody.here", stored("order-1", 2));
  ASSERT_TRUE(seen.wait_for(1));
  EXPECT_THAT(seen.names(), ElementsAre("order-1@2"));
}

void what_cannot_be_is_refused(EventBusTest& t) {
  BusCollector seen;
  const Subscription subscription = t.subscribe("prod", seen);
  const auto publish = [&](Event event) { return t.bus().publish(ns_of("prod"), event); };
  const Event good{.event_type = "Placed", .actor_id = "order-1", .version = 1};
  const auto with = [&](auto change) {
    Event event = good;
    change(event);
    return publish(std::move(event));
  };

  EXPECT_THAT(t.bus().publish(ns_of("prod"), EventPtr()), FailsWith(Errc::invalid_argument));
  EXPECT_THAT(t.bus().publish(ns_of("prod"), stored("order-1", 0)),
              FailsWith(Errc::invalid_argument));
  EXPECT_THAT(with([](Event& e) { e.version = 0; }), FailsWith(Errc::invalid_argument));
  EXPECT_THAT(with([](Event& e) { e.actor_id = ""; }), FailsWith(Errc::invalid_argument));
  EXPECT_THAT(with([](Event& e) { e.event_type = "a\r\nb"; }), FailsWith(Errc::invalid_argument));
  EXPECT_THAT(with([](Event& e) { e.data = Data::json("{"); }), FailsWith(Errc::invalid_argument));
  EXPECT_THAT(t.bus().subscribe(ns_of("prod"), {}, {}, {}), FailsWith(Errc::invalid_argument));
  EXPECT_THAT(t.bus().subscribe(ns_of("prod"), {}, {.capacity = 0}, seen.handler()),
              FailsWith(Errc::invalid_argument));
  EXPECT_THAT(publish(good), Succeeds());

  ASSERT_TRUE(seen.wait_for(1));
  EXPECT_EQ(seen.size(), 1U);
}

void flushing_an_idle_bus_succeeds(EventBusTest& t) {
  EXPECT_THAT(t.bus().flush(patience()), Succeeds());
  t.publish("prod", stored("order-1", 1));
  EXPECT_THAT(t.bus().flush(patience()), Succeeds());
}

}  // namespace

BusCases bus_publish_cases() {
  return {
      {"AnEventComesToEachSubscriptionAsItWasPublished",
       an_event_comes_to_each_subscription_as_it_was_published},
      {"WhatWasPublishedBeforeIsNotSeen", what_was_published_before_is_not_seen},
      {"APatternSeesTheNamespacesThatItNamesAndNoOther",
       a_pattern_sees_the_namespaces_that_it_names_and_no_other},
      {"RandomPatternsSeeWhatTheyMatchAndNothingElse",
       random_patterns_see_what_they_match_and_nothing_else},
      {"AFilterLetsThroughWhatItSays", a_filter_lets_through_what_it_says},
      {"EventsComeInTheOrderInWhichTheyWerePublished",
       events_come_in_the_order_in_which_they_were_published},
      {"AnEventInANamespaceWithoutSubscribersIsNoError",
       an_event_in_a_namespace_without_subscribers_is_no_error},
      {"WhatCannotBeIsRefused", what_cannot_be_is_refused},
      {"FlushingAnIdleBusSucceeds", flushing_an_idle_bus_succeeds},
  };
}

}  // namespace aether::testing
