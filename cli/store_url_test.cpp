// SPDX-License-Identifier: Apache-2.0
#include "store_url.hpp"

#include "open_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aether::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

StoreUrl sqlite_at(std::string path) {
  return {.kind = StoreUrl::Kind::sqlite, .path = std::move(path)};
}

Error error_of(std::string_view url) {
  const auto parsed = parse_store_url(url);
  EXPECT_FALSE(parsed.has_value()) << url;
  return parsed ? Error{} : parsed.error();
}

TEST(ParseStoreUrl, NamesAStore) {
  EXPECT_EQ(parse_store_url("memory:"), StoreUrl{});
  EXPECT_EQ(parse_store_url("sqlite:orders.db"), sqlite_at("orders.db"));
  EXPECT_EQ(parse_store_url("sqlite:/var/lib/a:b.db"), sqlite_at("/var/lib/a:b.db"));
  EXPECT_EQ(parse_store_url("sqlite:///var/lib/o.db"), sqlite_at("/var/lib/o.db"));
}

TEST(ParseStoreUrl, TellsHowToWriteAPathWithoutAScheme) {
  for (const std::string path : {"orders.db", "/var/lib/orders", "./a:b", "C.d:e"}) {
    EXPECT_EQ(error_of(path).code, Errc::invalid_argument);
    EXPECT_THAT(error_of(path).message, HasSubstr("write sqlite:" + path));
  }
}

TEST(ParseStoreUrl, RefusesWhatNamesNoStore) {
  EXPECT_THAT(error_of("").message, HasSubstr("AETHER_STORE"));
  EXPECT_THAT(error_of("sqlite:").message, HasSubstr("names no file"));
  EXPECT_THAT(error_of("sqlite://orders.db").message, HasSubstr("host"));
  EXPECT_THAT(error_of("memory:x").message, HasSubstr("memory: alone"));
  EXPECT_THAT(error_of("postgres:x").message, HasSubstr("unknown scheme"));
  EXPECT_EQ(error_of("SQLITE:x").code, Errc::invalid_argument);
}

TEST(ParseStoreUrl, ShowsNoLoginWhateverTheMistake) {
  for (const std::string url :
       {"nat://eva:secret@host/ns", "eva:secret@host/ns", "eva.b:secret@host/ns", "//secret@h"}) {
    EXPECT_EQ(error_of(url).code, Errc::invalid_argument);
    EXPECT_THAT(error_of(url).message, Not(HasSubstr("secret"))) << url;
  }
}

TEST(OpenStore, AMemoryStoreKeepsAnAuditChain) {
  const Signals signals;
  auto store = open_store("memory:", {.signals = signals, .access = Access::write});
  ASSERT_TRUE(store.has_value());
  ASSERT_TRUE(store->events->append(Event{.event_type = "T", .actor_id = "a"}).has_value());

  EXPECT_NE(store->events->read("a")->front()->hash, Hash{});
  EXPECT_EQ(store->sqlite, nullptr);
}

// This test is linked with no_nats_store.cpp, as a build without NATS is.
TEST(OpenStore, WithoutNatsInTheBuildItIsUnsupported) {
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
