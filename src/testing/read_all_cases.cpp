// SPDX-License-Identifier: Apache-2.0
#include "testing/collector.hpp"
#include "testing/event_store_fixture.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace aether::testing {

namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// Ten events of three actors in two categories, in commits of one and of several.
void append_orders_and_carts(EventStoreTest& t) {
  t.append(event_of("order-1", "Placed"));
  t.append(event_of("cart-1", "Filled"));
  t.append(
      {event_of("order-2", "Placed"), event_of("order-2", "Paid"), event_of("order-2", "Shipped")});
  t.append(event_of("order-1", "Paid"));
  t.append({event_of("cart-1", "Filled"), event_of("cart-1", "Paid")});
  t.append(event_of("order-1", "Shipped"));
  t.append(event_of("order", "Closed"));
}

std::vector<std::string> all_names() {
  return {"order-1@1", "cart-1@1", "order-2@1", "order-2@2", "order-2@3",
          "order-1@2", "cart-1@2", "cart-1@3",  "order-1@3", "order@1"};
}

void the_store_has_one_order_that_of_the_appends(EventStoreTest& t) {
  append_orders_and_carts(t);

  const auto all = t.read_all();

  EXPECT_EQ(names_of(all), all_names());
  EXPECT_TRUE(strictly_increase(positions_of(all)));
  EXPECT_GT(all.at(0)->position, 0U);
}

void pages_of_any_size_add_up_to_all(EventStoreTest& t) {
  append_orders_and_carts(t);

  for (const std::size_t limit : {1U, 2U, 3U, 7U, 10U, 11U, 100'000U}) {
    EXPECT_EQ(names_of(t.read_all({}, 0, limit)), all_names()) << "pages of " << limit;
  }
}

void reading_goes_on_after_any_position(EventStoreTest& t) {
  append_orders_and_carts(t);
  const auto all = t.read_all();

  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::vector rest(all.begin() + static_cast<std::ptrdiff_t>(i) + 1, all.end());
    EXPECT_EQ(names_of(t.read_all({}, all[i]->position, 3)), names_of(rest))
        << "after position " << all[i]->position;
  }
}

void an_empty_page_is_continued_by_new_events(EventStoreTest& t) {
  append_orders_and_carts(t);
  const Filter filter{.category = "cart"};
  auto page = t.store().read_all({.category = "cart"}, 0, 100);
  ASSERT_THAT(page, Succeeds());
  ASSERT_EQ(page->events.size(), 3U);
  page = t.store().read_all(filter, page->next, 100);
  ASSERT_THAT(page, Succeeds());
  ASSERT_THAT(page->events, IsEmpty());

  t.append(event_of("order-1", "Archived"));
  t.append(event_of("cart-1", "Emptied"));

  page = t.store().read_all(filter, page->next, 100);
  ASSERT_THAT(page, Succeeds());
  EXPECT_THAT(types_of(page->events), ElementsAre("Emptied"));
}

void an_empty_store_has_an_empty_page(EventStoreTest& t) {
  const auto page = t.store().read_all({}, 0, 10);

  ASSERT_THAT(page, Succeeds());
  EXPECT_THAT(page->events, IsEmpty());
  t.append(event_of("order-1"));
  EXPECT_EQ(t.read_all({}, page->next).size(), 1U);
}

void nothing_comes_after_the_end(EventStoreTest& t) {
  append_orders_and_carts(t);
  const Position end = t.read_all().back()->position;

  for (const Position after : {end, end + 1'000, Position{kMaxVersion}}) {
    const auto page = t.store().read_all({}, after, 10);
    ASSERT_THAT(page, Succeeds());
    EXPECT_THAT(page->events, IsEmpty());
  }
}

void a_page_of_nothing_is_refused(EventStoreTest& t) {
  EXPECT_THAT(t.store().read_all({}, 0, 0), FailsWith(Errc::invalid_argument));
}

void a_filter_lets_through_what_matches_all_of_it(EventStoreTest& t) {
  append_orders_and_carts(t);
  const std::vector<Filter> filters{
      {.actor_id = "order-1"},
      {.actor_id = "order"},
      {.actor_id = "nobody-1"},
      {.category = "order"},
      {.category = "cart"},
      {.category = "car"},
      {.category = "order-1"},
      {.event_types = {"Paid"}},
      {.event_types = {"Paid", "Shipped", "Paid"}},
      {.event_types = {"Nothing"}},
      {.event_types = {"paid"}},
      {.actor_id = "order-1", .category = "order"},
      {.actor_id = "order-1", .category = "cart"},
      {.actor_id = "order-2", .event_types = {"Placed", "Shipped"}},
      {.category = "order", .event_types = {"Paid", "Closed"}},
      {.actor_id = "cart-1", .category = "cart", .event_types = {"Paid"}},
  };
  const auto all = t.read_all();
  for (const Filter& filter : filters) {
    std::vector<EventPtr> expected;
    std::ranges::copy_if(all, std::back_inserter(expected),
                         [&](const EventPtr& event) { return filter.matches(*event); });
    for (const std::size_t limit : {1U, 2U, 100U}) {
      EXPECT_EQ(names_of(t.read_all(filter, 0, limit)), names_of(expected))
          << "actor '" << filter.actor_id << "', category '" << filter.category << "', types "
          << ::testing::PrintToString(filter.event_types) << ", pages of " << limit;
    }
  }
}

void a_filter_finds_the_needle_in_one_page(EventStoreTest& t) {
  constexpr std::size_t kCommits = 12;
  for (std::size_t i = 0; i < kCommits; ++i) {
    t.append(std::vector(250, event_of("hay-1", "Straw")));
  }
  t.append(event_of("needle-1", "Needle"));
  t.append(std::vector(250, event_of("hay-1", "Straw")));

  const std::vector<Filter> filters{
      {.actor_id = "needle-1"}, {.category = "needle"}, {.event_types = {"Needle"}}};
  for (const Filter& filter : filters) {
    const auto page = t.store().read_all(filter, 0, 10);
    ASSERT_THAT(page, Succeeds());
    EXPECT_THAT(types_of(page->events), ElementsAre("Needle"))
        << "an empty page says that there is nothing more";
  }
}

}  // namespace

Cases read_all_cases() {
  return {
      {"TheStoreHasOneOrderThatOfTheAppends", the_store_has_one_order_that_of_the_appends},
      {"PagesOfAnySizeAddUpToAll", pages_of_any_size_add_up_to_all},
      {"ReadingGoesOnAfterAnyPosition", reading_goes_on_after_any_position},
      {"AnEmptyPageIsContinuedByNewEvents", an_empty_page_is_continued_by_new_events},
      {"AnEmptyStoreHasAnEmptyPage", an_empty_store_has_an_empty_page},
      {"NothingComesAfterTheEnd", nothing_comes_after_the_end},
      {"APageOfNothingIsRefused", a_page_of_nothing_is_refused},
      {"AFilterLetsThroughWhatMatchesAllOfIt", a_filter_lets_through_what_matches_all_of_it},
      {"AFilterFindsTheNeedleInOnePage", a_filter_finds_the_needle_in_one_page},
  };
}

}  // namespace aether::testing
