// SPDX-License-Identifier: Apache-2.0
#include "aether/core/filter.hpp"

#include <gtest/gtest.h>

namespace aether {
namespace {

Event event_of(std::string actor_id, std::string event_type) {
  return {.id = "1", .event_type = std::move(event_type), .actor_id = std::move(actor_id)};
}

const Event kPlaced = event_of("order-1", "OrderPlaced");

TEST(Filter, LetsAllThroughWhenEmpty) {
  EXPECT_TRUE(Filter{}.matches(kPlaced));
  EXPECT_TRUE(Filter{}.matches(Event{}));
}

TEST(Filter, TakesExactlyOneActor) {
  EXPECT_TRUE(Filter{.actor_id = "order-1"}.matches(kPlaced));
  EXPECT_FALSE(Filter{.actor_id = "order-12"}.matches(kPlaced));
  EXPECT_FALSE(Filter{.actor_id = "order-"}.matches(kPlaced));
}

TEST(Filter, TakesACategoryWhole) {
  EXPECT_TRUE(Filter{.category = "order"}.matches(kPlaced));
  EXPECT_TRUE(Filter{.category = "order"}.matches(event_of("order", "X")));
  EXPECT_FALSE(Filter{.category = "order"}.matches(event_of("orders-1", "X")));
  EXPECT_FALSE(Filter{.category = "order-1"}.matches(kPlaced));
}

TEST(Filter, TakesAnyOfItsTypes) {
  const Filter filter{.event_types = {"OrderShipped", "OrderPlaced"}};
  EXPECT_TRUE(filter.matches(kPlaced));
  EXPECT_FALSE(filter.matches(event_of("order-1", "OrderPlacedLate")));
}

TEST(Filter, DemandsAllThatIsSet) {
  EXPECT_TRUE((Filter{.actor_id = "order-1", .category = "order", .event_types = {"OrderPlaced"}})
                  .matches(kPlaced));
  EXPECT_FALSE((Filter{.actor_id = "order-1", .category = "cart"}).matches(kPlaced));
  EXPECT_FALSE((Filter{.actor_id = "order-1", .event_types = {"Other"}}).matches(kPlaced));
  EXPECT_FALSE((Filter{.category = "cart", .event_types = {"OrderPlaced"}}).matches(kPlaced));
}

}  // namespace
}  // namespace aether
