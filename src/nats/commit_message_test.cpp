// SPDX-License-Identifier: Apache-2.0
#include "nats/commit_message.hpp"

#include "aether/core/chain.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aether::nats {
namespace {

using ::testing::HasSubstr;

constexpr std::uint64_t kSequence = 7;

Event order_event(Version version) {
  return {.id = "id-" + std::to_string(version),
          .event_type = "OrderPlaced",
          .actor_id = "order-1",
          .version = version,
          .data = Data::json("{\"total\":0.10}"),
          .metadata = {{"traceparent", "00-1-2-01"}},
          .timestamp = *parse_timestamp("2026-08-20T10:11:12.123456789Z")};
}

class CommitMessageTest : public ::testing::Test {
 protected:
  StoredMessage stored(const std::vector<Event>& events, const Hash& previous = {}) const {
    const OutgoingCommit commit =
        encode_message(event_subject(ns_, events.front().actor_id), events, previous);
    StoredMessage message{.sequence = kSequence, .subject = commit.subject, .body = commit.body};
    message.take_headers([&](std::string_view name) -> std::optional<std::string_view> {
      const auto found =
          std::ranges::find(commit.headers, name, [](const auto& header) { return header.first; });
      if (found == commit.headers.end()) return std::nullopt;
      return found->second;
    });
    return message;
  }

  Error failure(const StoredMessage& message) const {
    const auto decoded = decode_message(ns_, message, kDefaultJsonDepth);
    return decoded ? Error{.message = "it was decoded"} : decoded.error();
  }

  Namespace ns_ = *Namespace::parse("prod.eu");
};

TEST_F(CommitMessageTest, ComesBackAsItWas) {
  const Event event = order_event(3);
  const Hash previous = chain_hash({}, order_event(2));

  const auto events = decode_message(ns_, stored({event}, previous), kDefaultJsonDepth).value();

  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(static_cast<const Event&>(*events[0]), event);
  EXPECT_EQ(events[0]->position, 7 * 1'024U);
  EXPECT_EQ(events[0]->hash, chain_hash(previous, event));
}

TEST_F(CommitMessageTest, GivesEachOfSeveralEventsItsPlaceInTheChain) {
  const std::vector<Event> commit{order_event(3), order_event(4), order_event(9)};
  const Hash previous = chain_hash({}, order_event(2));

  const auto events = decode_message(ns_, stored(commit, previous), kDefaultJsonDepth).value();

  ASSERT_EQ(events.size(), 3U);
  Hash hash = previous;
  for (std::size_t i = 0; i < commit.size(); ++i) {
    hash = chain_hash(hash, commit[i]);
    EXPECT_EQ(events[i]->hash, hash) << i;
    EXPECT_EQ(events[i]->position, 7 * kPositionsPerMessage + i);
  }
}

TEST_F(CommitMessageTest, IsPlainJsonWithItsNumbersInHeaders) {
  const OutgoingCommit commit = encode_message("s", std::vector{order_event(3)}, {});

  EXPECT_THAT(commit.body, HasSubstr("\"data\":{\"total\":0.10}"));
  EXPECT_THAT(commit.headers,
              ::testing::IsSupersetOf(
                  std::vector<std::pair<std::string, std::string>>{{"Aether-Format", "1"},
                                                                   {"Aether-Version", "3"},
                                                                   {"Aether-Count", "1"},
                                                                   {"traceparent", "00-1-2-01"}}));
}

TEST_F(CommitMessageTest, OnlyWhatCanBeATraceBecomesAHeader) {
  const auto has_header = [](const std::string& trace) {
    Event event = order_event(3);
    event.metadata = {{"traceparent", trace}};
    const OutgoingCommit commit = encode_message("s", std::vector{event}, {});
    return std::ranges::any_of(commit.headers,
                               [](const auto& header) { return header.first == "traceparent"; });
  };

  EXPECT_TRUE(has_header("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
  for (const std::string& other :
       {std::string(), std::string(" "), std::string("00-1 "), std::string("00\r\nX: y"),
        std::string("\xC3\xA4"), std::string(257, '0')}) {
    EXPECT_FALSE(has_header(other)) << other;
  }
}

TEST_F(CommitMessageTest, WhatIsNoCommitIsCorruptAndSaysWhereAndWhy) {
  const std::vector<Event> commit{order_event(1), order_event(2)};
  struct Change {
    std::string_view why;
    void (*make)(StoredMessage& message);
  };
  for (const Change& change : std::vector<Change>{
           {"no header Aether-Format", [](auto& m) { m.format = ""; }},
           {"its format is \"2\"", [](auto& m) { m.format = "2"; }},
           {"Aether-Version is \"0\"", [](auto& m) { m.version = "0"; }},
           {"Aether-Version is \"2 \"", [](auto& m) { m.version = "2 "; }},
           {"Aether-Version is \"99999999999999999999\"",
            [](auto& m) { m.version = "99999999999999999999"; }},
           {"its Aether-Version is 3", [](auto& m) { m.version = "3"; }},
           {"Aether-Count is \"-1\"", [](auto& m) { m.count = "-1"; }},
           {"Aether-Count is \"1025\"", [](auto& m) { m.count = "1025"; }},
           {"it has 2 events", [](auto& m) { m.count = "1"; }},
           {"Aether-Hash is \"\"", [](auto& m) { m.hash = ""; }},
           {"Aether-Previous is \"no\"", [](auto& m) { m.previous = "no"; }},
           {"no commit", [](auto& m) { m.body = "hello"; }},
           {"whose subject is another",
            [](auto& m) { m.subject = "aether.ev.prod.eu.order.order-2"; }},
       }) {
    StoredMessage message = stored(commit);
    change.make(message);

    const Error error = failure(message);

    EXPECT_EQ(error.code, Errc::corrupt) << change.why;
    EXPECT_THAT(error.message, HasSubstr(std::string(change.why)));
    EXPECT_EQ(error.position, 7 * 1'024U);
  }
}

TEST_F(CommitMessageTest, VersionsThatDoNotIncreaseAreCorrupt) {
  EXPECT_THAT(failure(stored({order_event(2), order_event(2)})).message,
              HasSubstr("do not increase"));
}

}  // namespace
}  // namespace aether::nats
