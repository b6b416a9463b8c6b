// SPDX-License-Identifier: Apache-2.0
#include "aether/core/envelope.hpp"
#include "core/metadata_json.hpp"
#include "core/test_random.hpp"
#include "core/text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <iterator>
#include <random>
#include <string>
#include <vector>

namespace aether {
namespace {

using namespace std::string_literals;  // for NUL in texts
using ::testing::HasSubstr;

std::string random_name(std::mt19937_64& random) {
  static const std::string kPieces[] = {"a",
                                        "order-",
                                        "\"",
                                        "\\",
                                        "/",
                                        "é",
                                        "😀",
                                        "{",
                                        "}",
                                        ",",
                                        ":",
                                        " ",
                                        "a longer piece of text, of two steps"};
  std::string name = kPieces[random() % 13];
  while (random() % 3 != 0) name += kPieces[random() % 13];
  return name.substr(0, name.size() > 255 ? 1 : name.size());
}

Data random_data(std::mt19937_64& random) {
  static const std::string_view kJson[] = {"null", "{\"a\":[1, 2.50]}", R"( "\u0000" )", "1e999"};
  if (random() % 2 == 0) {
    const std::string_view text = kJson[random() % 4];
    return Data::json(text);
  }
  std::string bytes(random() % 50, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  return Data::bytes(bytes, random_name(random));
}

TEST(Envelope, IsReadBackAsItWasWritten) {
  std::mt19937_64 random = seeded_random(6);
  std::vector<Event> events;
  for (int i = 0; i < 3'000; ++i) {
    Event event{.id = random_name(random),
                .event_type = random_name(random),
                .actor_id = random_name(random),
                .version = random() % 5 == 0 ? kMaxVersion : random() % kMaxVersion + 1,
                .data = random_data(random),
                .metadata = {},
                .timestamp = Timestamp(std::chrono::nanoseconds(static_cast<std::int64_t>(random())
                                                                << (random() % 32)))};
    for (auto n = random() % 4; n > 0; --n) {
      event.metadata[random_name(random)] = random_name(random);
    }

    const Result<Event> read = decode_envelope(encode_envelope(event));
    ASSERT_TRUE(read.has_value()) << encode_envelope(event) << read.error().message;
    EXPECT_EQ(*read, event);
    events.push_back(std::move(event));
  }
  EXPECT_EQ(*decode_commit(encode_commit(events)), events);
}

TEST(Envelope, KeepsTheWhiteSpaceAroundJson) {
  Event event{.id = "1",
              .event_type = "Measured",
              .actor_id = "meter-1",
              .version = 1,
              .data = {},
              .metadata = {},
              .timestamp = Timestamp(std::chrono::nanoseconds(1))};
  for (const std::string_view json : {" 1", "1 ", "\n{}", "[]\t", "\r\"x\"\r", "  null  "}) {
    event.data = Data::json(json);
    const std::string text = encode_envelope(event);

    const Result<Event> read = decode_envelope(text);

    ASSERT_TRUE(read.has_value()) << text << read.error().message;
    EXPECT_EQ(*read, event) << text;
    EXPECT_TRUE(read->data.is_json());
    EXPECT_EQ(encode_envelope(*read), text);
  }
}

TEST(MetadataJson, IsReadBackAsItWasWritten) {
  EXPECT_EQ(encode_metadata({}), "{}");
  EXPECT_EQ(encode_metadata({{"b", "\""}, {"a", ""}}), R"({"a":"","b":"\""})");
  EXPECT_EQ(*decode_metadata(R"({"a":"","b":"\""})"), (Metadata{{"b", "\""}, {"a", ""}}));
  EXPECT_EQ(*decode_metadata(" { } "), Metadata{});
}

TEST(MetadataJson, IsCorruptOtherwise) {
  for (const std::string_view text :
       {"", "{", "null", "[]", "{}{}", R"({"a":1})", R"({"a":"","a":""})", R"({"":""})",
        "{\"\xFF\":\"\"}", R"({"a":"\u0001"})"}) {
    const Result<Metadata> metadata = decode_metadata(text);
    ASSERT_FALSE(metadata.has_value()) << text;
    EXPECT_EQ(metadata.error().code, Errc::corrupt);
    EXPECT_THAT(metadata.error().message, ::testing::StartsWith("the metadata is corrupt"));
  }
}

}  // namespace
}  // namespace aether
