// SPDX-License-Identifier: Apache-2.0
// What is particular to the bus over NATS: what networks, servers and strangers do to it.
#include "aether/nats/bus.hpp"

#include "nats/bus_fixture.hpp"
#include "nats/bus_message.hpp"
#include "nats/watcher.hpp"
#include "testing/bus_collector.hpp"
#include "testing/matchers.hpp"
#include "testing/waiting.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace aether::nats {
namespace {

using namespace std::chrono_literals;
using testing::BusCollector;
using ::testing::ElementsAre;
using testing::eventually;
using testing::FailsWith;
using ::testing::HasSubstr;
using testing::Succeeds;

using BusTest = BusFixture;
INSTANTIATE_TEST_SUITE_P(Versions, BusTest, tests::kVersions, tests::version_name);

TEST_P(BusTest, AnEventTravelsWithItsPlace) {
  start();
  const auto bus = opened();
  BusCollector seen;
  const Subscription subscription = subscribe(*bus, "prod", seen);
  auto event = std::make_shared<StoredEvent>(*happened("order-1", 7));
  event->data = Data::json(R"({ "total": 0.10 })");
  event->metadata = {{"user", "eva"}};
  event->position = 12'345;
  event->hash[3] = std::byte{9};

  ASSERT_THAT(bus->publish(prod_, EventPtr(event)), Succeeds());

  ASSERT_TRUE(seen.wait_for(1));
  EXPECT_EQ(*seen.seen().front().event, *event);
}

TEST_P(BusTest, AnEventThatWasInNoStoreNeedsNoHeaders) {
  start();
  const auto bus = opened();
  BusCollector seen;
  const Subscription subscription = subscribe(*bus, "prod", seen);

  EXPECT_TRUE(encode_bus_message(prod_, *happened("order-1", 7)).headers.empty());
  ASSERT_THAT(bus->publish(prod_, happened("order-1", 7)), Succeeds());

  ASSERT_TRUE(seen.wait_for(1));
  EXPECT_EQ(*seen.seen().front().event, *happened("order-1", 7));
}

TEST_P(BusTest, AfterTheServerWasAwayAGapIsToldAndEventsComeAgain) {
  start();
  const auto publisher = opened();
  const auto bus = opened();
  BusCollector seen;
  const Subscription subscription = subscribe(*bus, "prod", seen);
  ASSERT_THAT(publisher->publish(prod_, happened("order-1", 1)), Succeeds());
  ASSERT_TRUE(seen.wait_for(1));

  server_->kill_9();
  EXPECT_TRUE(eventually([&] { return !publisher->publish(prod_, happened("order-1", 2)); }));
  EXPECT_THAT(publisher->publish(prod_, happened("order-1", 2)), FailsWith(Errc::unavailable));
  server_->restart();
  ASSERT_TRUE(eventually([&] { return subscription.status().counters.gaps > 0; }));
  ASSERT_TRUE(
      eventually([&] { return publisher->publish(prod_, happened("order-1", 3)).has_value(); }));

  ASSERT_TRUE(seen.wait_for(2));
  auto names = seen.names();
  // What was published in the moment of the death.
  std::erase_if(names, [](const std::string& name) { return name.starts_with("missing"); });
  const auto again = std::ranges::unique(names);  // a gap may be told twice
  names.erase(again.begin(), again.end());
  // The event may come before the server has said that it has the subscription: told once more.
  if (names.back() == "disconnected 0") names.pop_back();
  EXPECT_THAT(names, ElementsAre("order-1@1", "disconnected 0", "order-1@3"));
  EXPECT_TRUE(subscription.status().active);
}

TEST_P(BusTest, AGapIsToldBeforeWhatFollowsIt) {
  start();
  const auto publisher = opened();
  const auto bus = opened_behind_proxy();
  BusCollector seen;
  const Subscription subscription = subscribe(*bus, "prod", seen);
  Version version = 0;
  for (int round = 0; round < 20; ++round) {
    proxy_->cut();
    const std::size_t before = seen.size();
    while (seen.size() == before) {
      ASSERT_THAT(publisher->publish(prod_, happened("order-1", ++version)), Succeeds());
      ASSERT_THAT(publisher->flush(30s), Succeeds());
    }
  }

  Version last = 0;
  bool is_told = true;
  for (const BusCollector::Seen& one : seen.seen()) {
    if (one.event == nullptr) {
      is_told = true;
      continue;
    }
    EXPECT_TRUE(is_told || one.event->version == last + 1) << last << " " << one.event->version;
    last = one.event->version;
    is_told = false;
  }
}

TEST_P(BusTest, AGapIsToldOnlyOnceTheServerHasTheSubscriptionsAgainAndHoldsUpNobody) {
  start();
  const auto bus = opened_behind_proxy();
  const auto other_connection = connected(server_->url());
  const auto other = *open_bus(other_connection);
  BusCollector seen;
  const Subscription subscription = subscribe(*bus, "prod", seen);
  const Subscription of_other = subscribe(*other, "prod", seen);
  testing::Gate answer;
  std::atomic<int> pongs{0};
  proxy_->swallow([&](const tests::ServerFrame& frame) {
    // The first is to the login; the second says that the server has the subscriptions.
    if (frame.content == "PONG" && ++pongs == 2) (void)answer.pass();
    return false;
  });

  proxy_->cut();
  ASSERT_TRUE(eventually([&] { return pongs == 2; }));
  other_connection->close();

  EXPECT_TRUE(eventually([&] { return !of_other.status().active; })) << "news of others are told";
  EXPECT_EQ(subscription.status().counters.gaps, 0U);
  answer.open();
  EXPECT_TRUE(eventually([&] { return subscription.status().counters.gaps > 0; }));
}

TEST_P(BusTest, WhatIsNoEventIsPassedOverLoggedAndCounted) {
  start();
  const auto bus = opened();
  BusCollector seen;
  const Subscription subscription = subscribe(*bus, ">", seen);
  const auto stranger = *Transport::connect({.urls = {server_->url()}});
  const std::string good = encode_bus_message(prod_, *happened("order-1", 1)).body;
  using Headers = std::vector<Header>;
  const std::vector<std::pair<Headers, std::string>> strange{
      {{}, ""},
      {{{"Nats-Stream", "aether=ev=prod"}, {"Nats-Sequence", "1"}}, good},
      {{{"Aether-Format", "2"}}, good},
      {{{"Aether-Format", "1"}}, ""},
      {{{"Aether-Format", "1"}}, "{"},
      {{{"Aether-Format", "1"}}, "[]"},
      {{{"Aether-Format", "1"}}, std::string("\0\xff", 2)},
      {{{"Aether-Format", "1"}}, std::string(100'000, '[')},
      {{{"Aether-Format", "1"}}, encode_bus_message(prod_, *happened("order-2", 1)).body},
      {{{"Aether-Format", "1"}, {"Aether-Hash", "abc"}}, good},
      {{{"Aether-Format", "1"}, {"Aether-Position", "-1"}}, good},
      {{{"Aether-Format", "1"}, {"Nats-Stream", "aether=ev=prod"}, {"Nats-Sequence", "1"}}, good},
  };
  for (const auto& [headers, body] : strange) {
    ASSERT_THAT(stranger->publish(
                    {.subject = "aether.bus.prod.order.order-1", .headers = headers, .data = body}),
                Succeeds());
  }
  const std::vector<Header> fine{{"Aether-Format", "1"}};
  const std::vector<std::string> subjects{"aether.bus.a$b.order.order-1",
                                          "aether.bus.a.b.c.d.e.f.g.h.i.order.order-1",
                                          "aether.bus.prod.other.order-1"};
  for (const std::string& subject : subjects) {
    ASSERT_THAT(stranger->publish({.subject = subject, .headers = fine, .data = good}), Succeeds());
  }
  ASSERT_THAT(stranger->publish(
                  {.subject = "aether.bus.prod.order.order-1", .headers = fine, .data = good}),
              Succeeds());

  ASSERT_TRUE(seen.wait_for(1));
  EXPECT_THAT(seen.names(), ElementsAre("order-1@1"));
  EXPECT_EQ(bus->foreign_messages(), strange.size() + subjects.size());
  EXPECT_TRUE(subscription.status().active);
  EXPECT_EQ(std::ranges::count_if(
                logged(), [](const auto& line) { return line.starts_with("passed over: "); }),
            4)
      << "the first, second, fourth and eighth";
}

TEST_P(BusTest, OddNamesReachTheirOwnNamespaceAndNoOther) {
  start();
  Watcher watcher(server_->url());
  const auto bus = opened();
  BusCollector seen;
  BusCollector others;
  const Subscription subscription = subscribe(*bus, "prod", seen);
  const Subscription other = subscribe(*bus, "prod.>", others);
  const Subscription top = subscribe(*bus, "order.>", others);
  const std::vector<std::string> names{"*",
                                       ">",
                                       "order-*",
                                       "order-1.>",
                                       ".",
                                       "a.b",
                                       "a b",
                                       "prod.x",
                                       "..",
                                       "=",
                                       "=b3JkZXI",
                                       "\xc3\xa4-1",
                                       "-",
                                       "$JS",
                                       std::string(255, '*'),
                                       std::string(255, 'a')};

  for (const std::string& name : names) {
    ASSERT_THAT(bus->publish(prod_, happened(name, 1)), Succeeds()) << name;
  }

  ASSERT_TRUE(seen.wait_for(names.size()));
  for (std::size_t i = 0; i < names.size(); ++i)
    EXPECT_EQ(seen.seen()[i].event->actor_id, names[i]);
  EXPECT_EQ(others.size(), 0U);
  for (const std::string& subject : watcher.subjects()) {
    if (!subject.starts_with("aether.")) continue;  // the connections' own
    EXPECT_TRUE(subject.starts_with("aether.bus.prod.")) << subject;
    EXPECT_EQ(std::ranges::count(subject, '.'), 4) << subject;
  }
}

TEST_P(BusTest, WhatTheServerWouldNotTakeIsTooLarge) {
  start("max_payload: 2000");
  const auto bus = opened();
  auto large = std::make_shared<StoredEvent>(*happened("order-1", 1));
  large->data = Data::json('"' + std::string(2'000, 'x') + '"');

  EXPECT_THAT(bus->publish(prod_, EventPtr(large)), FailsWith(Errc::too_large));
  EXPECT_THAT(bus->publish(prod_, happened("order-1", 1)), Succeeds());
}

TEST_P(BusTest, NobodyWaitsForASlowHandlerAndTooMuchOfItEndsIt) {
  start();
  const auto bus = *open_bus(connected(server_->url()), {.max_waiting = 10});
  testing::Gate leave;
  const auto slow = *bus->subscribe(prod_, {}, {.capacity = 1},
                                    [&](const Namespace&, const EventPtr&) { (void)leave.pass(); });
  BusCollector seen;
  const Subscription other = subscribe(*bus, "prod", seen, {.capacity = 1'000});

  for (Version version = 1; version <= 100; ++version) {
    ASSERT_THAT(bus->publish(prod_, happened("order-1", version)), Succeeds());
  }

  ASSERT_TRUE(seen.wait_for(100));
  EXPECT_TRUE(eventually([&] { return slow.status().error.has_value(); }));
  leave.open();
  ASSERT_TRUE(eventually([&] { return !slow.status().active; }));
  EXPECT_EQ(slow.status().error->code, Errc::unavailable);
  EXPECT_GE(slow.status().counters.delivered, 10U);
}

TEST(OpenBus, WithoutAConnectionIsAnInvalidArgument) {
  EXPECT_THAT(open_bus(nullptr), FailsWith(Errc::invalid_argument));
}

TEST_P(BusTest, APublisherWhoseConnectionIsClosedWhileItWaitsIsToldSo) {
  start();
  const auto connection = connected(server_->url());
  const auto bus = *open_bus(connection);
  server_->stop_process();  // so it waits for the server, the first time

  auto publishing =
      std::async(std::launch::async, [&] { return bus->publish(prod_, happened("order-1", 1)); });
  ASSERT_TRUE(eventually([&] { return connection->statistics().messages_out > 0; }));
  connection->close();

  EXPECT_THAT(publishing.get(), FailsWith(Errc::closed));
  server_->continue_process();
}

TEST_P(BusTest, AConnectionThatIsClosedEndsItsSubscriptions) {
  start();
  const auto connection = connected(server_->url());
  const auto bus = *open_bus(connection);
  BusCollector seen;
  const Subscription subscription = subscribe(*bus, "prod", seen);

  connection->close();

  ASSERT_TRUE(eventually([&] { return !subscription.status().active; }));
  EXPECT_EQ(subscription.status().error->code, Errc::closed);
  EXPECT_THAT(bus->publish(prod_, happened("order-1", 1)), FailsWith(Errc::closed));
}

TEST_P(BusTest, AServerThatIsSilentLeavesAFlushUnknown) {
  start();
  const auto bus = *open_bus(connected(server_->url()), {.timeout = 100ms});
  ASSERT_THAT(bus->publish(prod_, happened("order-1", 1)), Succeeds());

  server_->stop_process();

  EXPECT_THAT(bus->flush(50ms), FailsWith(Errc::outcome_unknown));
  EXPECT_THAT(bus->publish(*Namespace::parse("new"), happened("order-1", 1)),
              FailsWith(Errc::outcome_unknown));
  server_->continue_process();
  EXPECT_THAT(bus->flush(30s), Succeeds());
}

}  // namespace
}  // namespace aether::nats
