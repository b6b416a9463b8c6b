// SPDX-License-Identifier: Apache-2.0
#include "core/json_text.hpp"

#include "core/json_scan.hpp"
#include "core/test_random.hpp"
#include "core/text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

namespace aether {
namespace {

using namespace std::string_literals;  // for NUL in texts

bool accepts(std::string_view text, unsigned max_depth = 64) {
  return check_json(text, max_depth).has_value();
}

std::string nested(std::size_t depth, std::string_view open, std::string_view inside,
                   std::string_view close) {
  std::string text;
  for (std::size_t i = 0; i < depth; ++i) text += open;
  text += inside;
  for (std::size_t i = 0; i < depth; ++i) text += close;
  return text;
}

TEST(CheckJson, AcceptsEveryKindOfValue) {
  for (const std::string_view text :
       {"null", "true", "false", "0", "-0", "1", "-12.50e+10", "1E5", "\"\"", "\"text\"", "[]",
        "{}", "[1]", "[1,[2,[]],{}]", R"({"a":1,"b":[true,false,null],"c":{"d":"e"}})",
        " \t\r\n{ \"a\" : [ 1 , 2 ] , \"b\" : { } } \n", R"("\"\\\/\b\f\n\r\tA\u00e9\uD83D\uDE00")",
        R"({"":""})", "\"größe €😀 \x7f\""}) {
    EXPECT_TRUE(accepts(text)) << text;
  }
}

TEST(CheckJson, KeepsNumbersThatNoMachineTypeHolds) {
  EXPECT_TRUE(accepts("123456789012345678901234567890"));
  EXPECT_TRUE(accepts("[-0.1000000000000000000000000000000001, 1e400, 1e-400, 0.10]"));
  EXPECT_TRUE(accepts(std::string(10'000, '9')));
}

TEST(CheckJson, AcceptsTheSameKeyTwice) { EXPECT_TRUE(accepts(R"({"a":1,"a":2})")); }

TEST(CheckJson, RefusesWhatIsNotExactlyOneValue) {
  for (const std::string_view text : {"",
                                      " ",
                                      "\n",
                                      "1 2",
                                      "{}{}",
                                      "[]]",
                                      "{}x",
                                      "null,",
                                      ",",
                                      ":",
                                      "}",
                                      "]",
                                      "\xEF\xBB\xBF{}",
                                      "{}\xEF\xBB\xBF",
                                      "// {}",
                                      "{}//",
                                      "'a'",
                                      "NaN",
                                      "Infinity",
                                      "-Infinity",
                                      "undefined",
                                      "True",
                                      "nul",
                                      "nulll",
                                      "truefalse"}) {
    EXPECT_FALSE(accepts(text)) << text;
  }
  EXPECT_FALSE(accepts("{}\0"s));
  EXPECT_FALSE(accepts("\0"s));
  EXPECT_FALSE(accepts("[1\0]"s));
}

TEST(CheckJson, RefusesBrokenNumbers) {
  for (const std::string_view text :
       {"-",   "+1",    "01",   "-01",   "00",    "1.",  ".5", "-.5", "1.e5", "1e",      "1e+",
        "1e-", "1e+-5", "0x10", "1_000", "1.2.3", "--1", "1-", "0e",  "1,5",  "\xD9\xA1"}) {
    EXPECT_FALSE(accepts(text)) << text;
  }
}

TEST(CheckJson, RefusesBrokenStrings) {
  for (const std::string_view text :
       {"\"", "\"a", R"("a\")", R"("\")", R"("\x")", R"("\u")", R"("\u12")", R"("\u12G4")",
        R"("\U0041")", "\"\n\"", "\"\t\"", "\"\x1f\"", R"("a" b")", R"("\u004)", "\"\\"}) {
    EXPECT_FALSE(accepts(text)) << text;
  }
  EXPECT_FALSE(accepts("\"\0\""s));
  EXPECT_FALSE(accepts("\"\\\0\""s));
}

TEST(CheckJson, FindsAControlCharacterWhereverItStands) {
  for (char control = 0; control < 0x20; ++control) {
    for (std::size_t before = 0; before < 40; ++before) {
      std::string text = '"' + std::string(64, 'x') + '"';
      EXPECT_TRUE(accepts(text));
      text[1 + before] = control;
      EXPECT_FALSE(accepts(text)) << int{control} << " at " << before;
    }
  }
}

TEST(CheckJson, RefusesHalfASurrogatePair) {
  EXPECT_TRUE(accepts(R"("\ud800\udc00")"));
  EXPECT_TRUE(accepts(R"("\uDBFF\uDFFF")"));
  EXPECT_TRUE(accepts(R"("\uD7FF\uE000")"));
  for (const std::string_view text :
       {R"("\ud800")", R"("\udc00")", R"("\ud800\u0041")", R"("\ud800\ud800")", R"("\udc00\ud800")",
        R"("\ud800x")", R"("\ud800\n")", R"("\ud800\)", R"("\ud800\u)", R"("\ud800\udc0)"}) {
    EXPECT_FALSE(accepts(text)) << text;
  }
}

TEST(CheckJson, RefusesBrokenStructures) {
  for (const std::string_view text : {"[",
                                      "{",
                                      "[1",
                                      "[1,",
                                      "[1,]",
                                      "[,1]",
                                      "[1 2]",
                                      "[1,,2]",
                                      "{\"a\"}",
                                      "{\"a\":}",
                                      "{\"a\":1,}",
                                      "{,}",
                                      "{1:2}",
                                      "{a:1}",
                                      "{\"a\" 1}",
                                      "{\"a\"::1}",
                                      R"({"a":1 "b":2})",
                                      "[}",
                                      "{]",
                                      "[1}",
                                      "{\"a\":1]",
                                      "[[]",
                                      "[{\"a\":[}]]",
                                      R"({"a":1,"b"})",
                                      "[1]]",
                                      "{null:1}"}) {
    EXPECT_FALSE(accepts(text)) << text;
  }
}

TEST(CheckJson, RefusesBadUtf8WhereverItStands) {
  EXPECT_FALSE(accepts("\"\xFF\""));
  EXPECT_FALSE(accepts("\"\xED\xA0\x80\""));
  EXPECT_FALSE(accepts("{\"\xC3\":1}"));
  EXPECT_FALSE(accepts("\"" + std::string(1'000, 'x') + "\xC3\""));
}

TEST(CheckJson, CountsOpenArraysAndObjectsAsDepth) {
  for (const std::string_view inside : {"", "1", "\"x\"", "null", "[]"}) {
    const std::size_t own = inside == "[]" ? 1 : 0;
    EXPECT_TRUE(accepts(nested(64 - own, "[", inside, "]"))) << inside;
    EXPECT_FALSE(accepts(nested(65 - own, "[", inside, "]"))) << inside;
  }
  EXPECT_TRUE(accepts(nested(64, R"({"a":)", "1", "}")));
  EXPECT_FALSE(accepts(nested(65, R"({"a":)", "1", "}")));
  EXPECT_TRUE(accepts(nested(32, R"([{"a":)", "1", "}]")));
  EXPECT_FALSE(accepts(nested(32, R"([{"a":)", "[]", "}]")));
}

TEST(CheckJson, DepthIsNotTheNumberOfContainers) {
  std::string text = "[";
  for (int i = 0; i < 1'000; ++i) text += "[],{},";
  EXPECT_TRUE(accepts(text + "[]]", 2));
  EXPECT_FALSE(accepts(text + "[[]]]", 2));
}

TEST(CheckJson, DepthZeroLeavesScalarsOnly) {
  EXPECT_TRUE(accepts("1", 0));
  EXPECT_FALSE(accepts("[]", 0));
  EXPECT_FALSE(accepts("{}", 0));
}

TEST(CheckJson, RemembersWhatIsOpenAtEveryDepth) {
  std::mt19937_64 random = seeded_random(11);
  for (int round = 0; round < 200; ++round) {
    std::string open;
    std::string close;
    for (unsigned i = 0; i < kMaxJsonDepth; ++i) {
      const bool object = random() % 2 == 0;
      open += object ? R"({"k":)" : "[";
      close += object ? '}' : ']';
    }
    const std::string right(close.rbegin(), close.rend());
    std::string wrong = right;
    char& c = wrong[random() % wrong.size()];
    c = c == '}' ? ']' : '}';

    EXPECT_TRUE(accepts(concat(open, "1", right), kMaxJsonDepth));
    EXPECT_FALSE(accepts(concat(open, "1", wrong), kMaxJsonDepth));
  }
}

TEST(CheckJson, NeverGoesDeeperThanItsOwnLimit) {
  EXPECT_TRUE(accepts(nested(kMaxJsonDepth, "[", "", "]"), 1'000'000));
  EXPECT_FALSE(accepts(nested(kMaxJsonDepth + 1, "[", "", "]"), 1'000'000));
  EXPECT_FALSE(accepts(std::string(5'000'000, '['), 1'000'000));
}

TEST(CheckJson, SaysWhatIsWrongAndWhereAndShowsNothingOfTheText) {
  const Result<void> checked = check_json("{\"secret\":\x01}", 64);

  ASSERT_FALSE(checked.has_value());
  EXPECT_EQ(checked.error().code, Errc::invalid_argument);
  EXPECT_EQ(checked.error().message, "the JSON text is malformed at byte 10: a value is expected");
  EXPECT_EQ(check_json(nested(65, "[", "", "]"), 64).error().message,
            "the JSON text is malformed at byte 64: it is nested too deeply");
  EXPECT_EQ(check_json("", 64).error().message,
            "the JSON text is malformed at byte 0: it is empty");
  EXPECT_EQ(check_json("\xEF\xBB\xBF{}", 64).error().message,
            "the JSON text is malformed at byte 0: it begins with a byte order mark (BOM): remove "
            "those three bytes");
}

// Makes random JSON, as text.
class JsonMaker {
 public:
  explicit JsonMaker(unsigned seed) : random_(seeded_random(seed)) {}

  // NOLINTNEXTLINE(misc-no-recursion): a few levels
  std::string container() {
    const bool object = pick(2) == 0;
    std::string text = space() + (object ? "{" : "[") + space();
    const unsigned count = pick(5);
    for (unsigned i = 0; i < count; ++i) {
      if (i > 0) text += "," + space();
      if (object) text += string() + space() + ":" + space();
      text += value() + space();
    }
    return text + (object ? "}" : "]");
  }

 private:
  unsigned pick(unsigned count) { return static_cast<unsigned>(random_() % count); }

  std::string space() {
    static const std::string kSpaces[] = {"", "", "", " ", "\n", "\t\r  "};
    return kSpaces[pick(6)];
  }

  std::string string() {
    static const std::string kPieces[] = {"a",
                                          "order",
                                          "é",
                                          "😀",
                                          "\\n",
                                          "\\\"",
                                          "\\\\",
                                          "\\u00e9",
                                          "{",
                                          "]",
                                          ",",
                                          ":",
                                          " long enough for two steps ",
                                          "\\ud83d\\ude00",
                                          "//",
                                          "'"};
    std::string text = "\"";
    for (unsigned i = pick(6); i > 0; --i) text += kPieces[pick(16)];
    return text + "\"";
  }

  // NOLINTNEXTLINE(misc-no-recursion): a few levels
  std::string value() {
    static const std::string kScalars[] = {"null", "true",    "false",
                                           "0",    "-1.5e-7", "123456789012345678901234567890"};
    const unsigned kind = depth_ < 6 ? pick(4) : pick(2);
    if (kind == 0) return kScalars[pick(6)];
    if (kind == 1) return string();
    depth_ += 1;
    std::string text = container();
    depth_ -= 1;
    return text;
  }

  std::mt19937_64 random_;
  unsigned depth_ = 0;
};

TEST(CheckJson, AcceptsWhatIsMadeByTheGrammarAndRefusesEveryPieceOfIt) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    const std::string text = JsonMaker(seed).container();
    const Result<void> checked = check_json(text, 64);
    ASSERT_TRUE(checked.has_value()) << checked.error().message << text;
    for (std::size_t cut = 0; cut < text.size(); ++cut) {
      ASSERT_FALSE(accepts(std::string_view(text).substr(0, cut))) << text.substr(0, cut);
    }
    ASSERT_FALSE(accepts(text + text)) << text;
    ASSERT_FALSE(accepts("[" + text)) << text;
  }
}

TEST(JsonString, IsReadBackAsItWasWritten) {
  std::mt19937_64 random = seeded_random(3);
  for (int round = 0; round < 3'000; ++round) {
    std::string text;
    for (auto i = random() % 40; i > 0; --i) text += static_cast<char>(random() % 128);
    if (round % 2 == 0) text += "é€😀";

    std::string written;
    append_json_string(written, text);
    JsonScanner scanner(written);
    JsonString token;
    ASSERT_TRUE(scanner.take_string(token)) << written;
    std::string read;
    append_unescaped(read, token);

    EXPECT_TRUE(scanner.at_end());
    EXPECT_EQ(read, text);
    EXPECT_EQ(token.has_escapes, token.raw.contains('\\'));
  }
}

TEST(JsonString, EscapesOnlyWhatTheGrammarDemands) {
  std::string written;
  append_json_string(written, "\"\\\b\f\n\r\t\x01\x1f\x7f/é<>&\xE2\x80\xA8");
  EXPECT_EQ(written, "\"\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u001f\x7f/é<>&\xE2\x80\xA8\"");
}

TEST(JsonString, UnescapesEveryCodePoint) {
  const auto unescaped = [](std::string_view json) {
    JsonScanner scanner(json);
    JsonString token;
    EXPECT_TRUE(scanner.take_string(token));
    std::string text;
    append_unescaped(text, token);
    return text;
  };
  EXPECT_EQ(unescaped(R"("\u0000\u007f\u0080\u07ff\u0800\uffff")"),
            "\0\x7f\xC2\x80\xDF\xBF\xE0\xA0\x80\xEF\xBF\xBF"s);
  EXPECT_EQ(unescaped(R"("\ud800\udc00\udbff\udfff")"), "\xF0\x90\x80\x80\xF4\x8F\xBF\xBF");
  EXPECT_EQ(unescaped(R"("\/\b\f\n\r\t\"\\x")"), "/\b\f\n\r\t\"\\x");
}

}  // namespace
}  // namespace aether
