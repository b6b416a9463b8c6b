// SPDX-License-Identifier: Apache-2.0
#include "aether/projection/projection.hpp"

#include "testing/matchers.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace aether {
namespace {

using testing::FailsWith;

// FNV-1a's published values: 0xaf63dc4c8601ec8c for "a", 0x85944171f73967e8 for "foobar".
TEST(Partition, OfAnActorIsTheSameForEver) {
  EXPECT_EQ(partition_of("", 1'000), 0xcbf29ce484222325U % 1'000);
  EXPECT_EQ(partition_of("a", 1'000), 0xaf63dc4c8601ec8cU % 1'000);
  EXPECT_EQ(partition_of("foobar", 65'536), 0x67e8U);
}

TEST(Partition, TakesAboutItsShareOfTheActors) {
  for (const std::uint32_t count : {2U, 3U, 8U}) {
    std::vector<int> actors(count);
    for (int i = 0; i < 10'000; ++i) ++actors[partition_of("order-" + std::to_string(i), count)];
    for (const int share : actors) {
      EXPECT_GT(share, 9'000 / static_cast<int>(count));
      EXPECT_LT(share, 11'000 / static_cast<int>(count));
    }
  }
}

TEST(Projection, WithoutANameOrWithANumberThatIsNoPartitionIsRefused) {
  EXPECT_TRUE(check_projection({.name = "orders"}));
  EXPECT_THAT(check_projection({}), FailsWith(Errc::invalid_argument));
  EXPECT_THAT(check_projection({.name = std::string(101, 'n')}), FailsWith(Errc::invalid_argument));
  EXPECT_THAT(check_projection({.name = "orders", .partition = {2, 2}}),
              FailsWith(Errc::invalid_argument));
  EXPECT_THAT(check_projection({.name = "orders", .partition = {0, 0}}),
              FailsWith(Errc::invalid_argument));
}

TEST(Projection, FiltersComeBackFromTheirText) {
  const std::vector<Filter> filters{{},
                                    {.category = "order"},
                                    {.actor_id = "order-1, or 2=3"},
                                    {.category = "order", .event_types = {"A b", "Placed"}}};
  for (const Filter& filter : filters) {
    EXPECT_EQ(parse_filter(format_filter(filter)), filter) << format_filter(filter);
  }
  EXPECT_EQ(format_filter({.event_types = {"b", "a", "b"}}), "type=a,b");
}

TEST(Projection, TextsThatAreNoFilterAreRefused) {
  for (const char* text : {"", "al", "category", "category=", "category=a,b", "x=1", "type=a.b"}) {
    EXPECT_THAT(parse_filter(text), FailsWith(Errc::invalid_argument)) << text;
  }
}

}  // namespace
}  // namespace aether
