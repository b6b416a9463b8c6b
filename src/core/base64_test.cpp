// SPDX-License-Identifier: Apache-2.0
#include "core/base64.hpp"
#include "core/test_random.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <random>
#include <utility>

namespace aether {
namespace {

std::string encoded(std::string_view bytes, Base64 kind) {
  std::string text;
  append_base64(text, bytes, kind);
  return text;
}

std::optional<std::string> decoded(std::string_view text, Base64 kind) {
  std::string bytes;
  if (!decode_base64(bytes, text, kind)) return std::nullopt;
  return bytes;
}

// RFC 4648, section 10.
constexpr std::pair<std::string_view, std::string_view> kVectors[] = {{"", ""},
                                                                      {"f", "Zg=="},
                                                                      {"fo", "Zm8="},
                                                                      {"foo", "Zm9v"},
                                                                      {"foob", "Zm9vYg=="},
                                                                      {"fooba", "Zm9vYmE="},
                                                                      {"foobar", "Zm9vYmFy"}};

TEST(Base64, EncodesAndDecodesTheVectorsOfRfc4648) {
  for (const auto& [bytes, text] : kVectors) {
    const std::string_view unpadded = text.substr(0, text.find('='));
    EXPECT_EQ(encoded(bytes, Base64::standard), text);
    EXPECT_EQ(encoded(bytes, Base64::url), unpadded);
    EXPECT_EQ(decoded(text, Base64::standard), bytes);
    EXPECT_EQ(decoded(unpadded, Base64::url), bytes);
  }
}

TEST(Base64, UsesTheTwoAlphabets) {
  EXPECT_EQ(encoded("\xFB\xFF\xBF", Base64::standard), "+/+/");
  EXPECT_EQ(encoded("\xFB\xFF\xBF", Base64::url), "-_-_");
  EXPECT_FALSE(decoded("+/+/", Base64::url));
  EXPECT_FALSE(decoded("-_-_", Base64::standard));
}

TEST(Base64, RefusesWrongPadding) {
  for (const std::string_view text : {"Zg", "Zg=", "Zg===", "Zm8", "Zm8==", "Zm9v=", "Zm9v====",
                                      "=", "==", "====", "Z===", "Zg==Zg==", "Z=g="}) {
    EXPECT_FALSE(decoded(text, Base64::standard)) << text;
  }
  for (const std::string_view text : {"Zg==", "Zm8=", "Zm9v=", "="}) {
    EXPECT_FALSE(decoded(text, Base64::url)) << text;
  }
}

TEST(Base64, RefusesBitsBehindTheLastByte) {
  EXPECT_FALSE(decoded("Zh==", Base64::standard));
  EXPECT_FALSE(decoded("Zm9=", Base64::standard));
  EXPECT_FALSE(decoded("Zh", Base64::url));
  EXPECT_FALSE(decoded("Zm9", Base64::url));
}

TEST(Base64, RefusesALengthThatNoBytesHave) {
  EXPECT_FALSE(decoded("Z", Base64::url));
  EXPECT_FALSE(decoded("A", Base64::url));
  EXPECT_FALSE(decoded("Zm9vA", Base64::url));
}

TEST(Base64, RefusesOtherCharacters) {
  for (const std::string_view text : {"Zm9 ", "Zm\n9", "Zm9\xC3", " Zm9", "Zm.v", "Zm*v"}) {
    EXPECT_FALSE(decoded(text, Base64::standard)) << text;
    EXPECT_FALSE(decoded(text, Base64::url)) << text;
  }
  EXPECT_FALSE(decoded(std::string_view("Zm9\0", 4), Base64::standard));
}

TEST(Base64, RoundTripsAnyBytes) {
  std::mt19937_64 random = seeded_random(5);
  for (std::size_t size = 0; size < 300; ++size) {
    std::string bytes(size, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    for (const Base64 kind : {Base64::standard, Base64::url}) {
      EXPECT_EQ(decoded(encoded(bytes, kind), kind), bytes);
    }
  }
}

// Whatever is accepted is the one text of its bytes: nothing is said in two ways.
TEST(Base64, AcceptsOnlyCanonicalText) {
  const std::string_view alphabet = "AZaz09+/-_=";
  for (std::size_t number = 0; number < 14'641; ++number) {
    std::string text;
    for (std::size_t rest = number, i = 0; i < 4; ++i, rest /= alphabet.size()) {
      text += alphabet[rest % alphabet.size()];
    }
    for (const Base64 kind : {Base64::standard, Base64::url}) {
      const std::optional<std::string> bytes = decoded(text, kind);
      if (bytes) {
        EXPECT_EQ(encoded(*bytes, kind), text);
      }
    }
  }
}

}  // namespace
}  // namespace aether
