// SPDX-License-Identifier: Apache-2.0
#include "event_printer.hpp"

#include "aether/core/envelope.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace aether::cli {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

StoredEvent event_with(const Data& data) {
  StoredEvent event;
  event.id = "id-1";
  event.event_type = "OrderPlaced";
  event.actor_id = "order-1";
  event.version = 3;
  event.data = data;
  event.timestamp = *parse_timestamp("2026-08-20T10:11:12.123456789Z");
  event.position = 17;
  return event;
}

TEST(EventLine, IsTheEnvelopeWithItsPlace) {
  StoredEvent event = event_with(Data::json(R"({"total":0.10})"));
  event.hash.fill(std::byte{0xab});

  const std::string line = event_line(event, false);

  EXPECT_THAT(line, EndsWith(R"("data":{"total":0.10},"position":17,"hash":")" +
                             to_hex(event.hash) + "\"}"));
  EXPECT_EQ(*decode_envelope(line), static_cast<const Event&>(event));
}

TEST(EventLine, HasNoHashWhereThereIsNoChain) {
  EXPECT_THAT(event_line(event_with(Data::json("1")), false), Not(HasSubstr("hash")));
}

TEST(EventLine, IsOneLineWithTheSameValue) {
  const std::string data = "{\r\n\"a\":\t\"\\n\"\n}";

  const std::string line = event_line(event_with(Data::json(data)), false);

  EXPECT_THAT(line, Not(HasSubstr("\n")));
  EXPECT_EQ(nlohmann::json::parse(line)["data"], nlohmann::json::parse(data));
}

TEST(EventLine, ForATerminalEscapesWhatItWouldObey) {
  const StoredEvent event = event_with(Data::json("\"\xc2\x9b\""));

  EXPECT_THAT(event_line(event, true), HasSubstr(R"("data":"\u009b")"));
  EXPECT_THAT(event_line(event, false), HasSubstr("\"data\":\"\xc2\x9b\""));
}

TEST(ShortTime, GoesToTheMillisecond) {
  EXPECT_EQ(short_time(*parse_timestamp("2026-08-20T10:11:12.123999999Z")),
            "2026-08-20T10:11:12.123Z");
}

}  // namespace
}  // namespace aether::cli
