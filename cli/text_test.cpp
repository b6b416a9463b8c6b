// SPDX-License-Identifier: Apache-2.0
#include "text.hpp"

#include <gtest/gtest.h>

namespace aether::cli {
namespace {

TEST(Escape, PassesOrdinaryTextOfAnyScript) {
  const std::string text = R"(order-1 {"a":"\n"} é 注文 🚀)";

  EXPECT_EQ(escape(text), text);
  EXPECT_EQ(escape_json(text), text);
}

TEST(Escape, ShowsControlCharactersInsteadOfObeyingThem) {
  EXPECT_EQ(escape("a\nb\tc\rd"), R"(a\nb\tc\rd)");
  EXPECT_EQ(escape("\x1b[31m\x07\x7f"), R"(\u001b[31m\u0007\u007f)");
  EXPECT_EQ(escape(std::string_view("\0", 1)), R"(\u0000)");
  EXPECT_EQ(escape("\xc2\x9b\xc2\x80\xc2\xa0"), "\\u009b\\u0080\xc2\xa0");
}

TEST(Escape, ShowsWhatWouldTurnTheDirectionOfWritingOrBreakTheLine) {
  // NOLINTNEXTLINE(misc-misleading-bidirectional): that is what is tested
  EXPECT_EQ(escape("\u202e \u2066 \u200f \u061c \u2028"), R"(\u202e \u2066 \u200f \u061c \u2028)");
}

TEST(Escape, ShowsBytesThatAreNotUtf8) {
  EXPECT_EQ(escape("\xff"), R"(\xff)");
  EXPECT_EQ(escape("\xe2\x82"), R"(\xe2\x82)");                  // cut off
  EXPECT_EQ(escape("\xc0\xaf"), R"(\xc0\xaf)");                  // overlong
  EXPECT_EQ(escape("\xe0\x80\x9b"), R"(\xe0\x80\x9b)");          // overlong U+009B
  EXPECT_EQ(escape("\xed\xa0\x80"), R"(\xed\xa0\x80)");          // a surrogate
  EXPECT_EQ(escape("\xf4\x90\x80\x80"), R"(\xf4\x90\x80\x80)");  // beyond U+10FFFF
}

TEST(EscapeJson, KeepsJsonTheSameValueOnOneLine) {
  EXPECT_EQ(escape_json("{\n\t\"a\": \"\x7f\"\r\n}"), R"({  "a": "\u007f"  })");
}

TEST(DisplayWidth, CountsCellsOfATerminal) {
  EXPECT_EQ(display_width(""), 0U);
  EXPECT_EQ(display_width("order"), 5U);
  EXPECT_EQ(display_width("é"), 1U);
  EXPECT_EQ(display_width("e\u0301"), 1U);
  EXPECT_EQ(display_width("注文"), 4U);
}

TEST(Shorten, CutsToTheWidthAtACharacter) {
  EXPECT_EQ(shorten("order", 5), "order");
  EXPECT_EQ(shorten("orders", 5), "orde…");
  EXPECT_EQ(shorten("注文注文", 6), "注文…");
  EXPECT_EQ(shorten("orders", 1), "…");
  EXPECT_EQ(shorten("orders", 0), "");
}

TEST(Describe, ShowsTextAndOnlyNamesBytes) {
  EXPECT_EQ(describe(Data::json("{\"a\":\n1}")), R"({"a": 1})");
  EXPECT_EQ(describe(Data::bytes("a\nb", "text/plain")), R"(a\nb)");
  EXPECT_EQ(describe(Data::bytes("\x89PNG", "image/png")), "(4 bytes of image/png)");
}

TEST(CountOf, GroupsDigitsAndMindsThePlural) {
  EXPECT_EQ(count_of(0, "event"), "0 events");
  EXPECT_EQ(count_of(1, "event"), "1 event");
  EXPECT_EQ(count_of(999, "event"), "999 events");
  EXPECT_EQ(count_of(1'000, "event"), "1,000 events");
  EXPECT_EQ(count_of(1'234'567, "event"), "1,234,567 events");
}

}  // namespace
}  // namespace aether::cli
