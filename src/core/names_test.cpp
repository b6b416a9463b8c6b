// SPDX-License-Identifier: Apache-2.0
#include "aether/core/names.hpp"

#include "core/test_random.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace aether {
namespace {

using namespace std::string_literals;  // NOLINT(google-build-using-namespace): for NUL in texts

TEST(Category, IsThePartBeforeTheFirstDash) {
  EXPECT_EQ(category_of("order-123"), "order");
  EXPECT_EQ(category_of("order-123-4"), "order");
  EXPECT_EQ(category_of("order"), "order");
  EXPECT_EQ(category_of("-1"), "");
  EXPECT_EQ(category_of(""), "");
}

TEST(NamespaceParse, TakesOneToEightTokens) {
  for (const std::string_view text :
       {"a", "prod", "prod.eu", "A-z_0.9", "1.2.3.4.5.6.7.8", "-", "_"}) {
    const Result<Namespace> parsed = Namespace::parse(text);
    ASSERT_TRUE(parsed.has_value()) << text;
    EXPECT_EQ(parsed->text(), text);
  }
  EXPECT_TRUE(Namespace::parse(std::string(64, 'x') + "." + std::string(64, 'y')));
}

TEST(NamespaceParse, RefusesEverythingElse) {
  for (const std::string& text : {""s,
                                  "."s,
                                  ".a"s,
                                  "a."s,
                                  "a..b"s,
                                  "1.2.3.4.5.6.7.8.9"s,
                                  "*"s,
                                  "a.*"s,
                                  ">"s,
                                  "prod.>"s,
                                  "a b"s,
                                  " a"s,
                                  "a "s,
                                  "a\n"s,
                                  "a\r\nPUB x 0"s,
                                  "a\tb"s,
                                  "a\0"s,
                                  "\0"s,
                                  "a\x7f"s,
                                  "é"s,
                                  "a/b"s,
                                  "a=b"s,
                                  "$SYS"s,
                                  "a:b"s,
                                  std::string(65, 'x'),
                                  "a." + std::string(65, 'x'),
                                  std::string(100'000, '.')}) {
    const Result<Namespace> parsed = Namespace::parse(text);
    ASSERT_FALSE(parsed.has_value()) << text;
    EXPECT_EQ(parsed.error().code, Errc::invalid_argument);
  }
}

TEST(NamespaceParse, SaysWhichTokenAndWhichCharacter) {
  EXPECT_THAT(Namespace::parse("prod.e*u").error().message,
              ::testing::StartsWith(R"(the namespace "prod.e*u" has "*" in token 2: )"));
  EXPECT_THAT(Namespace::parse("prod\n").error().message,
              ::testing::StartsWith(R"(the namespace "prod\x0a" has "\x0a" in token 1: )"));
  EXPECT_THAT(Namespace::parse("a..b").error().message,
              ::testing::HasSubstr("has nothing in the place of token 2"));
  EXPECT_THAT(Namespace::parse("a." + std::string(65, 'x')).error().message,
              ::testing::HasSubstr("has 65 bytes in token 2"));
}

TEST(SubjectToken, LeavesPlainNamesAsTheyAre) {
  for (const std::string_view name : {"a", "order-123", "Order_9", "-", "_"}) {
    EXPECT_EQ(to_subject_token(name), name);
  }
}

TEST(SubjectToken, EscapesAllOthers) {
  EXPECT_EQ(to_subject_token(""), "=");
  EXPECT_EQ(to_subject_token("a.b"), "=YS5i");
  EXPECT_EQ(to_subject_token("*"), "=Kg");
  EXPECT_EQ(to_subject_token(">"), "=Pg");
  EXPECT_EQ(to_subject_token("="), "=PQ");
  EXPECT_EQ(to_subject_token("größe"), "=Z3LDtsOfZQ");
  EXPECT_EQ(to_subject_token("\xFB\xFF\xBF"), "=-_-_");
}

TEST(SubjectToken, IsReadOnlyInTheFormThatIsWritten) {
  for (const std::string& token :
       {""s, "a.b"s, "a b"s, "a*"s, ">"s, "a="s, "=="s, "=YQ"s /* "a" */, "=b3JkZXI"s /* "order" */,
        "=Kh"s, "=K"s, "=Kg=="s, "=Kg="s, "=YS5i\n"s, "=+/+/"s, "é"s, "a\0"s, "\0"s}) {
    const Result<std::string> name = from_subject_token(token);
    ASSERT_FALSE(name.has_value()) << token;
    EXPECT_EQ(name.error().code, Errc::invalid_argument);
  }
}

bool is_safe(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '=';
}

// Names with a liking for what is dangerous.
std::string random_name(std::mt19937_64& random) {
  static const std::string kAlphabet = "ab-_.*>= \n\r\0/$\x7f\xC3\xA9\xFF"s;
  std::string name;
  for (auto i = random() % 12; i > 0; --i) {
    name +=
        random() % 8 == 0 ? static_cast<char>(random()) : kAlphabet[random() % kAlphabet.size()];
  }
  return name;
}

TEST(SubjectToken, IsSafeAndReadBackForAnyName) {
  std::mt19937_64 random = seeded_random(1);
  for (int round = 0; round < 20'000; ++round) {
    const std::string name = random_name(random);
    const std::string token = to_subject_token(name);

    EXPECT_FALSE(token.empty());
    EXPECT_TRUE(std::ranges::all_of(token, is_safe)) << token;
    EXPECT_EQ(from_subject_token(token), name);
  }
}

TEST(SubjectToken, ThatIsReadIsTheOneThatWouldBeWritten) {
  const std::string_view alphabet = "=AQgw-_Za";
  std::size_t read = 0;
  for (std::size_t number = 0; number < 59'049; ++number) {
    std::string token = "=";
    for (std::size_t rest = number; rest != 0; rest /= alphabet.size()) {
      token += alphabet[rest % alphabet.size()];
    }
    const Result<std::string> name = from_subject_token(token);
    if (!name) continue;
    read += 1;
    EXPECT_EQ(to_subject_token(*name), token);
  }
  EXPECT_GT(read, 100U);
}

TEST(EventSubject, EndsWithCategoryAndActor) {
  const Namespace ns = *Namespace::parse("prod.eu");
  EXPECT_EQ(event_subject(ns, "order-123"), "aether.ev.prod.eu.order.order-123");
  EXPECT_EQ(event_subject(ns, "order"), "aether.ev.prod.eu.order.order");
  EXPECT_EQ(event_subject(ns, "-1"), "aether.ev.prod.eu.=.-1");
  EXPECT_EQ(event_subject(ns, "a.b-1"), "aether.ev.prod.eu.=YS5i.=YS5iLTE");
  EXPECT_EQ(event_subject(ns, "order-*"), "aether.ev.prod.eu.order.=b3JkZXItKg");
}

TEST(EventSubject, DiffersForEveryPairOfNamespaceAndActor) {
  std::mt19937_64 random = seeded_random(2);
  const std::vector<std::string> namespaces = {"a",     "b",   "a.b", "a.a",
                                               "a.b.a", "a-b", "b.a", "a.b.b"};
  std::map<std::string, std::pair<std::string, std::string>> owners;
  std::set<std::pair<std::string, std::string>> pairs;
  for (int round = 0; round < 20'000; ++round) {
    const std::string& ns = namespaces[random() % namespaces.size()];
    const std::string actor_id = random_name(random);
    pairs.emplace(ns, actor_id);
    const std::string subject = event_subject(*Namespace::parse(ns), actor_id);
    const auto [owner, added] = owners.try_emplace(subject, ns, actor_id);
    EXPECT_EQ(owner->second, std::pair(ns, actor_id)) << subject;
    EXPECT_EQ(std::ranges::count(subject, '.'), std::ranges::count(ns, '.') + 4) << subject;
  }
  EXPECT_EQ(owners.size(), pairs.size());
}

}  // namespace
}  // namespace aether
