// SPDX-License-Identifier: Apache-2.0
#include "aether/bus/namespace_pattern.hpp"

#include "core/test_random.hpp"
#include "testing/matchers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace aether {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;
using testing::Succeeds;

bool matches(std::string_view pattern, std::string_view ns) {
  const auto parsed = NamespacePattern::parse(pattern);
  EXPECT_THAT(parsed, Succeeds());
  return parsed && parsed->matches(*Namespace::parse(ns));
}

TEST(NamespacePattern, WithoutWildcardsMeansExactlyOneNamespace) {
  EXPECT_TRUE(matches("prod.eu", "prod.eu"));
  EXPECT_FALSE(matches("prod.eu", "prod"));
  EXPECT_FALSE(matches("prod.eu", "prod.eu.a"));
  EXPECT_FALSE(matches("prod.eu", "prod.e"));
  EXPECT_FALSE(matches("prod.eu", "Prod.eu"));
}

TEST(NamespacePattern, AStarMeansAnyOneToken) {
  EXPECT_TRUE(matches("*", "prod"));
  EXPECT_FALSE(matches("*", "prod.eu"));
  EXPECT_TRUE(matches("prod.*", "prod.eu"));
  EXPECT_FALSE(matches("prod.*", "prod"));
  EXPECT_FALSE(matches("prod.*", "prod.eu.a"));
  EXPECT_TRUE(matches("*.eu.*", "prod.eu.a"));
  EXPECT_FALSE(matches("*.eu.*", "prod.us.a"));
}

TEST(NamespacePattern, AnAngleMeansOneOrMoreTokens) {
  EXPECT_TRUE(matches("prod.>", "prod.eu"));
  EXPECT_TRUE(matches("prod.>", "prod.eu.a"));
  EXPECT_FALSE(matches("prod.>", "prod"));
  EXPECT_FALSE(matches("prod.>", "production.eu"));
  EXPECT_TRUE(matches(">", "prod"));
  EXPECT_TRUE(matches(">", "a.b.c.d.e.f.g.h"));
  EXPECT_TRUE(matches("*.>", "prod.eu"));
  EXPECT_FALSE(matches("*.>", "prod"));
}

TEST(NamespacePattern, ANamespaceIsAPattern) {
  const NamespacePattern pattern = *Namespace::parse("prod.eu");

  EXPECT_TRUE(pattern.is_literal());
  EXPECT_EQ(pattern, *NamespacePattern::parse("prod.eu"));
  EXPECT_FALSE(NamespacePattern::parse("prod.*")->is_literal());
  EXPECT_FALSE(NamespacePattern::parse(">")->is_literal());
}

TEST(NamespacePattern, WhatCannotBeIsRefusedWithItsText) {
  for (const std::string_view text :
       {"", ".", "a.", ".a", "a..b", "a b", "a\n", "a.>.b", ">.a", "a*", "*a", "a.b>", "**", ">>",
        "prod.>>", "a.b.c.d.e.f.g.h.>", "*.*.*.*.*.*.*.*.*", "\xc3\xa9", "a\r\nSUB x 1"}) {
    const auto parsed = NamespacePattern::parse(text);

    EXPECT_THAT(parsed, FailsWith(Errc::invalid_argument)) << text;
  }
  EXPECT_THAT(NamespacePattern::parse("a.>.b").error().message, HasSubstr("\"a.>.b\""));
  EXPECT_THAT(NamespacePattern::parse("a.b\n").error().message, HasSubstr(R"("a.b\x0a")"));
  EXPECT_THAT(NamespacePattern::parse(std::string(65, 'a')), FailsWith(Errc::invalid_argument));
  EXPECT_THAT(NamespacePattern::parse("*.*.*.*.*.*.*.>"), Succeeds());
}

using Tokens = std::vector<std::string>;

std::string joined(const Tokens& tokens) {
  std::string text;
  for (const std::string& token : tokens) text += (text.empty() ? "" : ".") + token;
  return text;
}

/// What a pattern means, told another way: by trying each length that '>' may stand for.
bool reference_matches(Tokens pattern, const Tokens& name) {
  if (!pattern.empty() && pattern.back() == ">") {
    if (name.size() < pattern.size()) return false;
    pattern.pop_back();
    while (pattern.size() < name.size()) pattern.emplace_back("*");
  }
  if (pattern.size() != name.size()) return false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (pattern[i] != "*" && pattern[i] != name[i]) return false;
  }
  return true;
}

class RandomNames {
 public:
  /// Few different tokens, some the beginnings of others, so that many nearly match.
  Tokens name() {
    static const Tokens kTokens{"a", "b", "ab", "aa", "-", "_"};
    Tokens tokens(1 + below(8));
    for (std::string& token : tokens) token = kTokens[below(kTokens.size())];
    return tokens;
  }

  /// From a name, so that it often matches one like it.
  Tokens pattern(Tokens tokens) {
    for (std::string& token : tokens) {
      if (below(3) == 0) token = "*";
    }
    if (below(3) == 0) tokens.resize(1 + below(tokens.size()));
    if (below(3) == 0) tokens.back() = ">";
    return tokens;
  }

  std::size_t below(std::size_t end) {
    return std::uniform_int_distribution<std::size_t>(0, end - 1)(random_);
  }

 private:
  std::mt19937_64 random_ = seeded_random(4);
};

TEST(NamespacePattern, SeesWhatItNamesAndNothingElseForAnyNamesAndPatterns) {
  RandomNames random;
  int seen = 0;
  int unseen = 0;
  for (int i = 0; i < 100'000; ++i) {
    const Tokens name = random.name();
    const Tokens pattern = random.pattern(random.below(2) == 0 ? name : random.name());
    const bool expected = reference_matches(pattern, name);
    ASSERT_EQ(matches(joined(pattern), joined(name)), expected)
        << joined(pattern) << " and " << joined(name);
    ++(expected ? seen : unseen);
  }
  EXPECT_GT(seen, 10'000);
  EXPECT_GT(unseen, 10'000);
}

TEST(NamespacePattern, NoNamespaceIsAPatternForAnother) {
  RandomNames random;
  for (int i = 0; i < 100'000; ++i) {
    const std::string one = joined(random.name());
    const std::string other = joined(random.name());
    const NamespacePattern pattern = *Namespace::parse(one);
    ASSERT_EQ(pattern.matches(*Namespace::parse(other)), one == other) << one << ", " << other;
  }
}

}  // namespace
}  // namespace aether
