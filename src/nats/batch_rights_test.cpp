// SPDX-License-Identifier: Apache-2.0
// A commit of several actors by one who may not write to all of them.
#include "aether/nats/store.hpp"
#include "nats/test_support.hpp"
#include "testing/matchers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace aether::nats {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;
using testing::Succeeds;

Event first_of(const std::string& actor_id) {
  return {.event_type = "OrderPlaced", .actor_id = actor_id};
}

TEST(BatchRightsTest, WhicheverPartMayNotBeSentThatIsSaidAtOnce) {
  const tests::NatsServer server(
      {.version = tests::ServerVersion::v2_15,
       .config = R"(authorization { users: [ { user: clerk, password: clerk, permissions: {
                    publish: { deny: "aether.ev.shop.invoice.*" } } } ] })"});
  const auto connection = *connect({.urls = {server.url()}, .user = "clerk", .password = "clerk"});
  const auto store = *open(connection, *Namespace::parse("shop"));

  for (const std::vector<std::string>& actors :
       {std::vector<std::string>{"invoice-1", "order-1", "order-2"},
        {"order-1", "invoice-1", "order-2"},
        {"order-1", "order-2", "invoice-1"}}) {
    std::vector<Event> commit;
    for (const std::string& actor : actors) commit.push_back(first_of(actor));

    const auto refused = store->append(commit);

    ASSERT_THAT(refused, FailsWith(Errc::permission_denied)) << actors.front();
    EXPECT_THAT(refused.error().message, HasSubstr("aether.ev.shop.invoice."));
  }
  EXPECT_TRUE(store->read_all({}, 0, 10)->events.empty());
  EXPECT_THAT(store->append(std::vector{first_of("order-1"), first_of("order-2")}), Succeeds());
}

}  // namespace
}  // namespace aether::nats
