// SPDX-License-Identifier: Apache-2.0
#include "aether/core/envelope.hpp"
#include "aether/store/audit.hpp"
#include "aether/store/memory.hpp"
#include "store/hand_made_store.hpp"
#include "testing/matchers.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

namespace aether::testing {
namespace {

std::vector<std::string> golden_lines(const std::string& file) {
  std::ifstream in(std::string(AETHER_GOLDEN_DIR) + "/" + file, std::ios::binary);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// tests/golden/make_chain.py computes it from the specification, and shares no code with this.
TEST(Digest, HasTheGoldenRootInEveryStore) {
  const auto root = golden_lines("digest.sha256");
  ASSERT_EQ(root.size(), 1U);
  for (const bool chain : {false, true}) {
    const auto store = make_memory_event_store({.chain = chain});
    for (const std::string& line : golden_lines("chain.jsonl")) {
      const auto event = decode_envelope(line);
      ASSERT_TRUE(event.has_value());
      ASSERT_TRUE(store->append(*event).has_value());
    }
    const auto digest = make_digest(*store);
    ASSERT_TRUE(digest.has_value());
    EXPECT_EQ(to_hex(digest->root), root[0]);
  }
}

TEST(Digest, CoversWhatIsStoredUpToAPosition) {
  const HandMadeStore all = three_actors();
  HandMadeStore store = all;
  HandMadeStore prefix;
  for (const StoredEvent& event : all.events) {
    const auto before = make_digest(store, {.page_size = 2}, event.position - 1);
    ASSERT_TRUE(before.has_value());
    EXPECT_EQ(*before, make_digest(prefix).value());
    prefix.events.push_back(event);
    EXPECT_EQ(make_digest(store, {}, event.position).value(), make_digest(prefix).value());
  }
  const auto beyond = make_digest(store, {}, store.events.back().position + 1);
  EXPECT_THAT(beyond, FailsWith(Errc::not_found));
  HandMadeStore nothing;
  EXPECT_EQ(make_digest(nothing, {}, 0).value(), make_digest(nothing).value());
}

TEST(Digest, IsNotKeptFromBeingMadeByWhatItDoesNotCover) {
  HandMadeStore store = three_actors();
  const auto expected = make_digest(store, {}, store.events[2].position);
  store.unreadable = {store.events[5].position};
  store.fails_whole_pages = true;

  EXPECT_EQ(make_digest(store, {}, store.events[2].position), expected);
  const auto all = make_digest(store);
  ASSERT_FALSE(all.has_value());
  EXPECT_EQ(all.error().code, Errc::corrupt);
  EXPECT_EQ(all.error().position, store.events[5].position);
}

TEST(Digest, IsReadBackAsItWasWritten) {
  HandMadeStore store = three_actors();
  Digest digest = make_digest(store).value();
  for (const std::string actor_id : {"order-1", "a b", "", "=", ":", "\xf0\x9f\x98\x80"}) {
    digest.actor_id = actor_id;
    const std::string text = format_digest(digest);
    const auto parsed = parse_digest(text);
    ASSERT_TRUE(parsed.has_value()) << text;
    EXPECT_EQ(*parsed, digest);
  }
  digest = {.position = ~Position{0}, .version = kMaxVersion, .actor_id = "order-1"};
  EXPECT_EQ(format_digest(digest), "aether-digest-1:18446744073709551615:" + std::string(64, '0') +
                                       ":9223372036854775807:order-1");
  EXPECT_EQ(parse_digest(format_digest(digest)), digest);
}

TEST(Digest, OfAnotherFormIsRefused) {
  const std::string zeros(64, '0');
  for (const std::string& text : {
           std::string(),
           std::string("aether-digest-1"),
           "aether-digest-2:1:" + zeros + ":1:a",
           "aether-digest-1:1:" + zeros + ":1",
           "aether-digest-1:1:" + zeros + ":1:",
           "aether-digest-1:1:" + zeros + ":1:a:b",
           "aether-digest-1:1:" + zeros + ":1:a ",
           " aether-digest-1:1:" + zeros + ":1:a",
           "aether-digest-1:01:" + zeros + ":1:a",
           "aether-digest-1:+1:" + zeros + ":1:a",
           "aether-digest-1:-1:" + zeros + ":1:a",
           "aether-digest-1::" + zeros + ":1:a",
           "aether-digest-1:18446744073709551616:" + zeros + ":1:a",
           "aether-digest-1:1:" + zeros + "0:1:a",
           "aether-digest-1:1:" + std::string(64, 'A') + ":1:a",
           "aether-digest-1:1:" + zeros + ":x:a",
           "aether-digest-1:1:" + zeros + ":1:=YQ",
           "aether-digest-1:1:" + zeros + ":1:a\n",
       }) {
    const auto parsed = parse_digest(text);
    ASSERT_FALSE(parsed.has_value()) << text;
    EXPECT_EQ(parsed.error().code, Errc::invalid_argument) << text;
  }
}

}  // namespace
}  // namespace aether::testing
