// SPDX-License-Identifier: Apache-2.0
#include "open_store.hpp"

#include "signals_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aether::cli {
namespace {

using OpenStoreTest = testing::SignalsFixture;
using ::testing::HasSubstr;
using ::testing::Not;

TEST_F(OpenStoreTest, WithoutAUrlItSaysWhereToGiveOne) {
  const Signals signals;
  const auto store = open_store("", {.signals = signals});
  ASSERT_FALSE(store.has_value());
  EXPECT_THAT(store.error().error.message, HasSubstr("AETHER_STORE"));
}

TEST_F(OpenStoreTest, AMemoryStoreKeepsAnAuditChain) {
  const Signals signals;
  auto store = open_store("memory:", {.signals = signals, .access = Access::write});
  ASSERT_TRUE(store.has_value());
  ASSERT_TRUE(store->events->append(Event{.event_type = "T", .actor_id = "a"}).has_value());

  EXPECT_NE(store->events->read("a")->front()->hash, Hash{});
  EXPECT_EQ(store->sqlite, nullptr);
}

// This test is linked with no_nats_store.cpp, as a build without NATS is.
TEST_F(OpenStoreTest, WithoutNatsInTheBuildItIsUnsupported) {
  const Signals signals;
  for (const char* const url : {"nats://eva:secret@127.0.0.1:1/orders", "nats:orders"}) {
    const auto store = open_store(url, {.signals = signals});
    ASSERT_FALSE(store.has_value());
    EXPECT_EQ(store.error().error.code, Errc::unsupported);
    EXPECT_THAT(store.error().error.message, HasSubstr("\"orders\" is on NATS"));
    EXPECT_THAT(store.error().error.message, Not(HasSubstr("secret")));
  }
}

}  // namespace
}  // namespace aether::cli
