// SPDX-License-Identifier: Apache-2.0
// What a publisher loses with its connection, and how those who listen hear of it.
#include "nats/bus_numbers.hpp"

#include "aether/bus/broadcast.hpp"
#include "aether/store/memory.hpp"
#include "nats/bus_fixture.hpp"
#include "testing/bus_collector.hpp"
#include "testing/matchers.hpp"
#include "testing/waiting.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace aether::nats {
namespace {

using namespace std::chrono_literals;
using testing::BusCollector;
using ::testing::ElementsAre;
using testing::eventually;
using testing::FailsWith;
using testing::Succeeds;

TEST(BusPlace, IsReadFromAReplyAndFromNoOther) {
  const auto place = parse_place("aether.from.x-1.2.30.20.10");

  ASSERT_TRUE(place);
  EXPECT_EQ(place->publisher, "x-1");
  EXPECT_EQ(place->epoch, 2U);
  EXPECT_EQ(place->number(BusScope::name_space), 30U);
  EXPECT_EQ(place->number(BusScope::category), 20U);
  EXPECT_EQ(place->number(BusScope::actor), 10U);
  for (const std::string_view other :
       {"", "aether.from.", "aether.from.x", "aether.from.x.", "aether.from..1.1.1.1",
        "aether.from.x.1.1.1", "aether.from.x.1.1.1.", "aether.from.x.1.1.1.1.",
        "aether.from.x.1.1.1.1.1", "aether.from.x.1.1.1.0", "aether.from.x.1.1.1.-1",
        "aether.from.x.1.1.1.1a", "aether.from.x.1.1.1.99999999999999999999", "_INBOX.x.1.1.1.1"}) {
    EXPECT_FALSE(parse_place(other)) << other;
  }
}

/// What comes from publisher "p" into a namespace, as one who subscribes to all of it sees it.
class BusArrivalsTest : public ::testing::Test {
 protected:
  std::string take(std::uint64_t epoch, std::uint64_t number, bool is_news = false,
                   std::string_view publisher = "p", std::string_view ns = "prod") {
    const BusPlace place{.publisher = publisher, .epoch = epoch, .numbers = {number, 1, 1}};
    const auto verdict = arrivals_.take(ns, place, is_news);
    if (verdict.is_late) return "late";
    return verdict.is_unknown ? "unknown" : std::to_string(verdict.missing);
  }

  BusArrivals arrivals_{BusScope::name_space};
};

TEST_F(BusArrivalsTest, TellHowManyAreMissing) {
  EXPECT_EQ(take(1, 7), "0") << "what was before the first is not asked for";
  EXPECT_EQ(take(1, 8), "0");
  EXPECT_EQ(take(1, 11), "2");
  EXPECT_EQ(take(1, 9), "late") << "it was told as missing";
  EXPECT_EQ(take(1, 11), "late") << "it has come";
  EXPECT_EQ(take(1, 12), "0");
  EXPECT_EQ(take(1, 3, false, "q"), "0") << "another publisher";
  EXPECT_EQ(take(1, 3, false, "p", "dev"), "0") << "another namespace";
}

TEST_F(BusArrivalsTest, HearFromAnAnnouncementWhatWillNotCome) {
  EXPECT_EQ(take(1, 5, true), "unknown") << "nothing came from there yet";
  EXPECT_EQ(take(1, 5, true), "late");
  EXPECT_EQ(take(1, 8, true), "3");
  EXPECT_EQ(take(1, 9), "0");
}

TEST_F(BusArrivalsTest, BeginAnewWithEachEpoch) {
  EXPECT_EQ(take(1, 7), "0");
  EXPECT_EQ(take(2, 1), "0");
  EXPECT_EQ(take(1, 8), "late");
  EXPECT_EQ(take(3, 4), "3");
}

class BusNumbersTest : public BusFixture {
 protected:
  /// The publisher's connection breaks, with all that `publish` sends meanwhile.
  template <class Publish>
  void lose(const Publish& publish) {
    proxy_->stall();
    publish();
    proxy_->cut();
    proxy_->resume();
  }
  static Subscription subscribe_to(Bus& bus, Filter filter, BusCollector& collector) {
    auto made = bus.subscribe(*NamespacePattern::parse("prod"), std::move(filter),
                              {.on_gap = collector.on_gap()}, collector.handler());
    EXPECT_THAT(made, Succeeds());
    return made ? std::move(*made) : Subscription();
  }
  static auto gaps_of(const Subscription& subscription) {
    return subscription.status().counters.gaps;
  }
};
INSTANTIATE_TEST_SUITE_P(Versions, BusNumbersTest, tests::kVersions, tests::version_name);

TEST_P(BusNumbersTest, WhatAPublisherLosesWithItsConnectionIsToldToAllWhoShouldHaveHadIt) {
  start();
  const auto publisher = opened_behind_proxy();
  const auto bus = opened();
  BusCollector all;
  BusCollector orders;
  BusCollector invoice;
  BusCollector other_actor;
  BusCollector other_namespace;
  const Subscription to_all = subscribe(*bus, "*", all);
  const Subscription to_orders = subscribe_to(*bus, {.category = "order"}, orders);
  const Subscription to_invoice = subscribe_to(*bus, {.actor_id = "invoice-1"}, invoice);
  const Subscription to_other = subscribe_to(*bus, {.actor_id = "order-9"}, other_actor);
  const Subscription to_dev = subscribe(*bus, "dev", other_namespace);
  ASSERT_THAT(publisher->publish(*Namespace::parse("dev"), happened("order-1", 1)), Succeeds());
  ASSERT_THAT(publisher->publish(prod_, happened("order-9", 1)), Succeeds());
  ASSERT_THAT(publisher->publish(prod_, happened("order-1", 1)), Succeeds());
  ASSERT_TRUE(all.wait_for(3) && orders.wait_for(2) && other_actor.wait_for(1));

  lose([&] {
    for (Version version = 2; version <= 4; ++version) {
      ASSERT_THAT(publisher->publish(prod_, happened("order-1", version)), Succeeds());
    }
    ASSERT_THAT(publisher->publish(prod_, happened("invoice-1", 1)), Succeeds());
  });

  for (const Subscription* const one : {&to_all, &to_orders, &to_invoice}) {
    ASSERT_TRUE(eventually([&] { return gaps_of(*one) > 0; }));
  }
  ASSERT_TRUE(
      eventually([&] { return publisher->publish(prod_, happened("order-1", 5)).has_value(); }));
  ASSERT_THAT(publisher->publish(prod_, happened("invoice-1", 2)), Succeeds());
  ASSERT_TRUE(all.wait_for(5) && orders.wait_for(3) && invoice.wait_for(1));
  EXPECT_THAT(all.names(), ElementsAre("order-1@1", "order-9@1", "order-1@1", "missing 4",
                                       "order-1@5", "invoice-1@2"));
  EXPECT_THAT(orders.names(), ElementsAre("order-9@1", "order-1@1", "missing 3", "order-1@5"));
  EXPECT_THAT(invoice.names(), ElementsAre("missing 0", "invoice-1@2"))
      << "it does not know since when there was something to be missed";
  EXPECT_EQ(invoice.seen().front().gap,
            (Gap{.cause = Gap::Cause::missing, .ns = prod_, .actor_id = "invoice-1"}));
  EXPECT_THAT(other_actor.names(), ElementsAre("order-9@1"));
  EXPECT_THAT(other_namespace.names(), ElementsAre("order-1@1"));
}

TEST_P(BusNumbersTest, WhatIsSentAgainAndAgainAfterCutsIsReceivedOrToldAsMissing) {
  start();
  const auto publisher = opened_behind_proxy();
  const auto bus = opened();
  BusCollector seen;
  const Subscription subscription = subscribe(*bus, "prod", seen);
  std::uint64_t published = 0;
  const auto publish = [&] {
    if (publisher->publish(prod_,
                           happened("order-" + std::to_string(published % 3), published + 1)))
      ++published;
  };
  publish();
  ASSERT_TRUE(seen.wait_for(1));

  for (int round = 0; round < 20; ++round) {
    lose([&] {
      for (int i = 0; i < 50; ++i) publish();
    });
    for (int i = 0; i < 50; ++i) publish();
  }
  ASSERT_TRUE(eventually([&] { return publisher->flush(std::chrono::seconds(30)).has_value(); }));

  const auto missing = [&] {
    std::uint64_t count = 0;
    for (const BusCollector::Seen& one : seen.seen()) count += one.gap.count;
    return count;
  };
  EXPECT_TRUE(eventually([&] { return seen.size() + missing() >= published; }));
  EXPECT_EQ(seen.size() + missing(), published);
  EXPECT_GT(missing(), 0U);
  Version last = 0;
  for (const BusCollector::Seen& one : seen.seen()) {
    const Version next = last + 1;
    if (one.event == nullptr) {
      last += one.gap.count;
    } else {
      ASSERT_EQ(one.event->version, next);
      last = one.event->version;
    }
  }
}

TEST_P(BusNumbersTest, MoreActorsThanCanBeRememberedMakeNoGapAndHideNone) {
  start();
  const auto publisher = opened_behind_proxy();
  const auto bus = opened();
  BusCollector seen;
  const Subscription subscription = subscribe(*bus, "prod", seen);
  constexpr std::size_t kSubjects = 2 * BusPublisher::kMaxSubjects + 10;
  for (std::size_t i = 1; i <= kSubjects; ++i) {
    ASSERT_THAT(publisher->publish(prod_, happened("order-" + std::to_string(i), 1)), Succeeds());
  }
  ASSERT_TRUE(seen.wait_for(kSubjects));
  EXPECT_EQ(gaps_of(subscription), 0U);

  lose([&] { ASSERT_THAT(publisher->publish(prod_, happened("order-1", 2)), Succeeds()); });

  ASSERT_TRUE(eventually([&] { return gaps_of(subscription) > 0; }));
  EXPECT_EQ(seen.names().back(), "missing 1");
}

TEST_P(BusNumbersTest, AFlushTellsOnceThatSomethingMayHaveBeenLost) {
  start();
  const auto publisher = opened_behind_proxy();
  ASSERT_THAT(publisher->publish(prod_, happened("order-1", 1)), Succeeds());
  ASSERT_THAT(publisher->flush(30s), Succeeds());

  lose([&] { ASSERT_THAT(publisher->publish(prod_, happened("order-1", 2)), Succeeds()); });
  ASSERT_TRUE(
      eventually([&] { return publisher->publish(prod_, happened("order-1", 3)).has_value(); }));

  EXPECT_THAT(publisher->flush(30s), FailsWith(Errc::unavailable));
  EXPECT_THAT(publisher->flush(30s), Succeeds());
}

TEST_P(BusNumbersTest, WhatAStoreBroadcastsIsPublishedAgainUntilItHasArrived) {
  start();
  const auto store = make_memory_event_store();
  const auto publisher = opened_behind_proxy();
  const auto bus = opened();
  BusCollector seen;
  const Subscription subscription = subscribe(*bus, "prod", seen);
  const auto broadcasting = broadcast(*store, 0, *publisher, prod_);
  ASSERT_THAT(broadcasting, Succeeds());
  const auto append = [&] {
    EXPECT_THAT(store->append(Event{.event_type = "Happened", .actor_id = "order-1"}), Succeeds());
  };

  Version version = 0;
  for (int round = 0; round < 10; ++round) {
    lose([&] {
      for (int i = 0; i < 30; ++i, ++version) append();
    });
    ASSERT_TRUE(eventually([&] { return broadcasting->status().counters.delivered == version; }));
  }

  EXPECT_TRUE(broadcasting->status().active);
  EXPECT_FALSE(broadcasting->status().error.has_value());
  const auto new_ones = [&] {
    Version last = 0;
    bool is_told = false;  // it would read the store now
    for (const BusCollector::Seen& one : seen.seen()) {
      if (one.event == nullptr) {
        is_told = true;
      } else if (one.event->position > last) {
        EXPECT_TRUE(is_told || one.event->version == last + 1) << last;
        last = one.event->version;
        is_told = false;
      }
    }
    return last;
  };
  EXPECT_TRUE(eventually([&] { return new_ones() == version; })) << new_ones();
}

}  // namespace
}  // namespace aether::nats
