// SPDX-License-Identifier: Apache-2.0
#include "testing/printers.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace aether {
namespace {

using ::testing::PrintToString;

StoredEvent shipped() {
  StoredEvent event{};
  event.id = "e1";
  event.event_type = "Shipped";
  event.actor_id = "order-1";
  event.version = 3;
  event.data = Data::json(R"({"by":"ship"})");
  event.metadata = {{"user", "eva"}};
  event.timestamp = Timestamp{};
  event.position = 7;
  return event;
}

constexpr const char* kShipped =
    R"(order-1@3 Shipped {"by":"ship"}, id e1, at 1970-01-01T00:00:00.000000000Z, "user"="eva")";

TEST(Printers, ShowEventsByTheirContent) {
  const StoredEvent stored = shipped();
  const std::string at_7 = kShipped + std::string(", position 7");

  EXPECT_EQ(PrintToString(static_cast<const Event&>(stored)), kShipped);
  EXPECT_EQ(PrintToString(stored), at_7);
  EXPECT_EQ(PrintToString(std::vector<EventPtr>{std::make_shared<StoredEvent>(stored), nullptr}),
            "{ " + at_7 + ", no event }");
}

TEST(Printers, ShowNoMoreDataThanOneCanRead) {
  StoredEvent event = shipped();
  event.data = Data::json('"' + std::string(1'000'000, 'x') + '"');
  event.metadata["user"] = std::string(1'000'000, 'x');
  EXPECT_LT(PrintToString(event).size(), 500U);
  event.data = Data::bytes("\x01\x02", "image/png");
  EXPECT_TRUE(PrintToString(event).contains("(2 bytes of image/png)"));
}

TEST(Printers, ShowAResultByItsValueOrItsError) {
  const Result<Appended> appended = Appended{
      .version = 3, .position = 7, .durability = Durability::fsynced(), .stored_already = true};
  const Result<Version> failed = std::unexpected(Error{.code = Errc::version_conflict,
                                                       .message = "it is taken",
                                                       .actor_id = "order-1",
                                                       .actor_version = 4,
                                                       .position = 9});

  EXPECT_EQ(PrintToString(appended), "version 3, position 7, fsynced, stored already");
  EXPECT_EQ(PrintToString(Result<Version>(4)), "4");
  EXPECT_EQ(PrintToString(Result<void>()), "success");
  EXPECT_EQ(PrintToString(failed),
            R"(version_conflict: it is taken (actor "order-1") (version 4) (position 9))");
}

}  // namespace
}  // namespace aether
