// SPDX-License-Identifier: Apache-2.0
#include "core/text.hpp"
#include "core/test_random.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>

namespace aether {
namespace {

using namespace std::string_literals;  // for NUL in texts

TEST(Concat, JoinsTextsAndIntegersOfAnySize) {
  EXPECT_EQ(concat("v", std::uint64_t{18446744073709551615U}, " ", std::string("x"), -7, ""),
            "v18446744073709551615 x-7");
  EXPECT_EQ(concat(std::int64_t{INT64_MIN}), "-9223372036854775808");
  EXPECT_EQ(concat(), "");
}

TEST(Quoted, LeavesReadableTextAsItIs) {
  EXPECT_EQ(quoted(""), R"("")");
  EXPECT_EQ(quoted("order-123"), R"("order-123")");
  EXPECT_EQ(quoted("größe €😀"), R"("größe €😀")");
}

TEST(Quoted, EscapesWhatATerminalWouldObeyAndWhatIsNotUtf8) {
  EXPECT_EQ(quoted("a\nb\x1b[31m\x7f"), R"("a\x0ab\x1b[31m\x7f")");
  EXPECT_EQ(quoted("a\0b"s), R"("a\x00b")");
  EXPECT_EQ(quoted("\xC2\x9B"
                   "1m"),
            R"("\xc2\x9b1m")");  // the 8-bit CSI
  EXPECT_EQ(quoted("\xFFx\xC3"), R"("\xffx\xc3")");
  EXPECT_EQ(quoted(R"(say "hi" \o/)"), R"("say \"hi\" \\o/")");
}

TEST(Quoted, CutsLongTextBetweenCharacters) {
  EXPECT_EQ(quoted(std::string(64, 'x')), '"' + std::string(64, 'x') + '"');
  EXPECT_EQ(quoted(std::string(65, 'x')), '"' + std::string(64, 'x') + "\"...");
  EXPECT_EQ(quoted(std::string(63, 'x') + "€€"), '"' + std::string(63, 'x') + "€\"...");
}

TEST(Quoted, NeverHoldsAControlCharacterOrBadUtf8) {
  std::mt19937_64 random = seeded_random(7);
  std::uniform_int_distribution<int> byte(0, 255);
  for (int round = 0; round < 2'000; ++round) {
    std::string value(static_cast<std::size_t>(byte(random)) / 2, '\0');
    for (char& c : value) c = static_cast<char>(byte(random));

    EXPECT_TRUE(check_name("quoted text", quoted(value), 1'000).has_value()) << quoted(value);
  }
}

TEST(ValidUtf8, IsRecognizedAtEveryLength) {
  for (std::size_t size = 0; size < 200; ++size) {
    const std::string ascii(size, 'x');
    EXPECT_TRUE(is_valid_utf8(ascii)) << size;
    EXPECT_TRUE(is_valid_utf8(ascii + "é")) << size;
    EXPECT_FALSE(is_valid_utf8(ascii + "\xC3")) << size;
    EXPECT_FALSE(is_valid_utf8("\x80" + ascii)) << size;
  }
}

TEST(ValidUtf8, HasNoSurrogatesNoOverlongFormsAndNothingAboveTheLastCodePoint) {
  EXPECT_TRUE(is_valid_utf8("\xED\x9F\xBF"));       // U+D7FF
  EXPECT_FALSE(is_valid_utf8("\xED\xA0\x80"));      // U+D800
  EXPECT_TRUE(is_valid_utf8("\xEE\x80\x80"));       // U+E000
  EXPECT_FALSE(is_valid_utf8("\xC0\xAF"));          // overlong '/'
  EXPECT_FALSE(is_valid_utf8("\xE0\x80\xAF"));      // overlong '/'
  EXPECT_TRUE(is_valid_utf8("\xF4\x8F\xBF\xBF"));   // U+10FFFF
  EXPECT_FALSE(is_valid_utf8("\xF4\x90\x80\x80"));  // U+110000
}

TEST(CheckName, AcceptsOneTo255BytesOfUtf8) {
  EXPECT_TRUE(check_name("actor id", "x"));
  EXPECT_TRUE(check_name("actor id", "order-123"));
  EXPECT_TRUE(check_name("actor id", "größe 😀 ~"));
  EXPECT_TRUE(check_name("actor id", std::string(255, 'x')));
  EXPECT_TRUE(check_name("actor id", "\xC2\xA0"));  // U+00A0, the first behind the controls
  EXPECT_TRUE(check_name("actor id", "â"));         // has bytes of C1's range, but is none
}

TEST(CheckName, SaysWhichFieldWhatIsWrongAndWithWhichValue) {
  const auto message = [](std::string_view value) {
    const Result<void> checked = check_name("actor id", value);
    EXPECT_FALSE(checked.has_value());
    EXPECT_EQ(checked.error().code, Errc::invalid_argument);
    return checked.error().message;
  };
  EXPECT_EQ(message(""), "the actor id is empty: give it a value");
  EXPECT_THAT(message(std::string(256, 'x')), ::testing::HasSubstr("has 256 bytes: at most 255"));
  EXPECT_EQ(message("a\nb"),
            "the actor id \"a\\x0ab\" holds a control character: only UTF-8 without control "
            "characters is allowed");
  EXPECT_THAT(message("caf\xE9"), ::testing::HasSubstr("\"caf\\xe9\" is not valid UTF-8"));
}

TEST(CheckName, FindsABadCharacterWhereverItStands) {
  const std::string bad[] = {"\0"s,  "\x01",     "\t",       "\n",   "\r",   "\x1f",
                             "\x7f", "\xC2\x80", "\xC2\x9F", "\x80", "\xFF", "\xED\xA0\x80"};
  for (const std::string& character : bad) {
    for (std::size_t before = 0; before < 20; ++before) {
      for (std::size_t after = 0; after < 20; ++after) {
        const std::string name = std::string(before, 'a') + character + std::string(after, '~');
        EXPECT_FALSE(check_name("name", name).has_value()) << quoted(name);
        EXPECT_FALSE(check_name("name", "é" + name).has_value()) << quoted(name);
        EXPECT_FALSE(check_text("text", name).has_value()) << quoted(name);
      }
    }
  }
}

TEST(CheckText, MayBeEmptyAndLong) {
  EXPECT_TRUE(check_text("metadata value", ""));
  EXPECT_TRUE(check_text("metadata value", std::string(100'000, 'x')));
  EXPECT_TRUE(check_text("metadata value", std::string(100'000, 'x') + "é"));
}

}  // namespace
}  // namespace aether
