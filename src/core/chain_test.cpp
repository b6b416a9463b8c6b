// SPDX-License-Identifier: Apache-2.0
#include "aether/core/chain.hpp"

#include "aether/core/envelope.hpp"
#include "core/chain_encoding.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace aether {
namespace {

using namespace std::string_literals;  // for NUL in texts

std::vector<std::string> lines_of(const std::string& file) {
  std::ifstream in(std::string(AETHER_GOLDEN_DIR) + "/" + file, std::ios::binary);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

const Hash kNone{};

// tests/golden/make_chain.py computes them from the specification, and shares no code with this.
TEST(ChainHash, EqualsTheGoldenHashes) {
  const std::vector<std::string> envelopes = lines_of("chain.jsonl");
  const std::vector<std::string> hashes = lines_of("chain.sha256");
  ASSERT_EQ(envelopes.size(), 7U);
  ASSERT_EQ(hashes.size(), envelopes.size());

  std::map<std::string, Hash> heads;
  for (std::size_t i = 0; i < envelopes.size(); ++i) {
    const Result<Event> event = decode_envelope(envelopes[i]);
    ASSERT_TRUE(event.has_value()) << event.error().message;
    EXPECT_EQ(encode_envelope(*event), envelopes[i]);

    Hash& head = heads[event->actor_id];
    head = chain_hash(head, *event);
    EXPECT_EQ(to_hex(head), hashes[i]) << envelopes[i];
  }
}

Event sample() {
  return {.id = "1",
          .event_type = "OrderPlaced",
          .actor_id = "order-1",
          .version = 1,
          .data = Data::json("[1]"),
          .metadata = {{"a", "b"}, {"c", "d"}},
          .timestamp = Timestamp(std::chrono::nanoseconds(1))};
}

TEST(ChainHash, DiffersForEveryChange) {
  const std::function<void(Event&)> changes[] = {
      [](Event&) {},
      [](Event& e) { e.id = "2"; },
      [](Event& e) { e.event_type = "OrderPlacee"; },
      [](Event& e) { e.actor_id = "order-2"; },
      [](Event& e) { e.version = 2; },
      [](Event& e) { e.version = 1ULL << 56U; },
      [](Event& e) { e.timestamp += std::chrono::nanoseconds(1); },
      [](Event& e) { e.data = Data::json("[1] "); },
      [](Event& e) { e.data = Data::json("[2]"); },
      [](Event& e) { e.data = Data::bytes("[1]", "text/plain"); },
      [](Event& e) { e.metadata.clear(); },
      [](Event& e) { e.metadata["a"] = "c"; },
      [](Event& e) { e.metadata["e"] = ""; },
      [](Event& e) { e.metadata = {{"ab", ""}, {"c", "d"}}; },
      // The same bytes with other borders between the fields:
      [](Event& e) { e.id = "1O", e.event_type = "rderPlaced"; },
      [](Event& e) { e.id = "", e.event_type = "1OrderPlaced"; },
      [](Event& e) { e.metadata = {{"a", "bcd"}}; },
  };
  std::set<Hash> hashes;
  for (const auto& change : changes) {
    Event event = sample();
    change(event);
    EXPECT_TRUE(hashes.insert(chain_hash(kNone, event)).second) << encode_envelope(event);
  }
}

TEST(ChainHash, DependsOnThePredecessor) {
  const Hash first = chain_hash(kNone, sample());
  EXPECT_NE(chain_hash(first, sample()), first);
}

TEST(ChainHash, IsTheSameWhateverWasHashedBefore) {
  const Hash hash = chain_hash(kNone, sample());
  Event large = sample();
  large.metadata["large"] = std::string(1'000'000, 'x');
  EXPECT_NE(chain_hash(kNone, large), hash);
  EXPECT_EQ(chain_hash(kNone, sample()), hash);
}

TEST(ChainHash, TakesAnEventAsAStoreReturnsIt) {
  StoredEvent stored{sample()};
  stored.position = 5;
  stored.hash = chain_hash(kNone, sample());
  EXPECT_EQ(chain_hash(kNone, stored), stored.hash);
}

TEST(ChainEncoding, WritesNumbersBigEndianAndTextsBehindTheirLength) {
  std::string out;
  put_u32(out, 0x01020304);
  put_u64(out, 0x1112131415161718);
  put_field(out, "ab");
  put_field(out, "");
  EXPECT_EQ(out,
            "\x01\x02\x03\x04\x11\x12\x13\x14\x15\x16\x17\x18\0\0\0\x02"
            "ab\0\0\0\0"s);
}

}  // namespace
}  // namespace aether
