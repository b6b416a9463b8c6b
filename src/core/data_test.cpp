// SPDX-License-Identifier: Apache-2.0
#include "aether/core/data.hpp"

#include <gtest/gtest.h>

#include <string>

namespace aether {
namespace {

using namespace std::string_literals;  // for NUL in texts

std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

TEST(Data, IsNullAtFirst) {
  const Data data;
  EXPECT_EQ(data.text(), "null");
  EXPECT_EQ(data.size(), 4U);
  EXPECT_TRUE(data.is_json());
  EXPECT_TRUE(data.is_checked());
  EXPECT_EQ(data.content_type(), "application/json");
  EXPECT_EQ(data, Data::json("null"));
}

TEST(Data, KeepsJsonByteForByte) {
  const std::string text = " {\"b\":0.10,\"a\":123456789012345678901234567890,\"a\":1e400}\n";
  const Data data = Data::json(text);
  EXPECT_EQ(data.text(), text);
  EXPECT_TRUE(data.is_json());
  EXPECT_TRUE(data.is_checked());
  EXPECT_EQ(data.as_bytes().size(), text.size());
}

TEST(Data, MarksBadJsonAndKeepsIt) {
  for (const std::string& text : {""s, "{"s, "{} x"s, "\"\xFF\""s, "\0"s, nested(65)}) {
    const Data data = Data::json(text);
    EXPECT_FALSE(data.is_checked()) << text;
    EXPECT_TRUE(data.is_json());
    EXPECT_EQ(data.text(), text);
    EXPECT_EQ(data.content_type(), "application/json");
  }
  EXPECT_TRUE(Data::json(nested(64)).is_checked());
}

TEST(Data, TrustsWhatAStoreVouchesFor) {
  EXPECT_TRUE(Data::stored_json("{").is_checked());
  EXPECT_EQ(Data::stored_json("[1]"), Data::json("[1]"));
}

TEST(Data, KeepsAnyBytesWithTheirContentType) {
  const Data data = Data::bytes("\0\xFF\n"s, "application/protobuf");
  EXPECT_EQ(data.text(), "\0\xFF\n"s);
  EXPECT_EQ(data.content_type(), "application/protobuf");
  EXPECT_FALSE(data.is_json());
  EXPECT_TRUE(data.is_checked());
  EXPECT_EQ(data.size(), 3U);
}

TEST(Data, KnowsEmptyBytesFromNull) {
  const Data data = Data::bytes("", "text/plain");
  EXPECT_EQ(data.text(), "");
  EXPECT_EQ(data.size(), 0U);
  EXPECT_EQ(data.content_type(), "text/plain");
  EXPECT_NE(data, Data());
}

TEST(Data, OfNoContentTypeIsOctets) {
  EXPECT_EQ(Data::bytes("x", "").content_type(), "application/octet-stream");
}

TEST(Data, UnderTheJsonContentTypeIsJson) {
  EXPECT_EQ(Data::bytes("[1]", "application/json"), Data::json("[1]"));
  EXPECT_TRUE(Data::bytes("[1]", "application/json").is_json());
  EXPECT_FALSE(Data::bytes("[1", "application/json").is_checked());
}

TEST(Data, ComparesContentTypeAndBytes) {
  EXPECT_NE(Data::json("[1]"), Data::json("[1] "));
  EXPECT_NE(Data::json("[1]"), Data::bytes("[1]", "text/plain"));
  EXPECT_NE(Data::bytes("ab", "c"), Data::bytes("a", "bc"));
  EXPECT_EQ(Data::bytes("ab", "c"), Data::bytes("ab", "c"));
}

TEST(Data, IsSharedByItsCopies) {
  const Data data = Data::json("[1]");
  const Data copy = data;
  EXPECT_EQ(copy.text().data(), data.text().data());
}

TEST(Data, OutlivesWhatItWasMadeOf) {
  auto text = std::make_unique<std::string>(1'000, '1');
  const Data data = Data::json(*text);
  text.reset();
  EXPECT_EQ(data.text(), std::string(1'000, '1'));
}

// Stores refuse content types above 255 bytes; one that is far too long must not look like one
// that is not.
TEST(Data, NeverShortensAContentTypeToOneThatWouldPass) {
  for (const std::size_t size : {256U, 65'535U, 65'536U, 65'546U, 200'000U}) {
    EXPECT_GT(Data::bytes("x", std::string(size, 't')).content_type().size(), 255U) << size;
    EXPECT_EQ(Data::bytes("x", std::string(size, 't')).text(), "x");
  }
}

}  // namespace
}  // namespace aether
