// SPDX-License-Identifier: Apache-2.0
#include "aether/stores/url.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aether {
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
    EXPECT_THAT(error_of(path).message, HasSubstr("write \"sqlite:" + path));
  }
}

TEST(ParseStoreUrl, RefusesWhatNamesNoStore) {
  EXPECT_THAT(error_of("").message, HasSubstr("sqlite:PATH"));
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

}  // namespace
}  // namespace aether
