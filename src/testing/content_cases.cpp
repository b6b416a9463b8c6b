// SPDX-License-Identifier: Apache-2.0
#include "aether/core/names.hpp"
#include "aether/core/uuid.hpp"
#include "testing/collector.hpp"
#include "testing/event_store_fixture.hpp"

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace aether::testing {

namespace {

using namespace std::string_literals;
using ::testing::ElementsAre;

/// Appends the event and expects it back the same by every way of reading, before and after the
/// store is opened anew.
void expect_kept(EventStoreTest& t, const Event& event) {
  if (::testing::Test::HasFailure()) return;
  Event expected = event;
  const Appended appended = t.append(event);
  expected.version = appended.version;
  for (int round = 0; round < 2; ++round) {
    const auto read = t.read(event.actor_id, {.from_version = appended.version});
    ASSERT_EQ(read.size(), 1U);
    EXPECT_EQ(static_cast<const Event&>(*read[0]), expected);
    EXPECT_EQ(read[0]->data.is_json(), expected.data.is_json());
    const auto paged = t.read_all({}, appended.position - 1);
    ASSERT_EQ(paged.size(), 1U);
    EXPECT_EQ(static_cast<const Event&>(*paged[0]), expected);
    Collector seen;
    const Subscription subscription = t.subscribe(seen.handler(), appended.position - 1);
    ASSERT_TRUE(seen.wait_for(1));
    EXPECT_EQ(static_cast<const Event&>(*seen.events()[0]), expected);
    if (round == 0 && !t.reopen()) return;
  }
}

/// An event in which nothing is left to the store.
Event complete_event(Data data) {
  return {.id = "id-1",
          .event_type = "OrderPlaced",
          .actor_id = "order-1",
          .version = 0,
          .data = std::move(data),
          .metadata = {{"user", "ann"}},
          .timestamp = Timestamp{std::chrono::nanoseconds{1'234'567'890'123'456'789}}};
}

void json_is_kept_byte_for_byte(EventStoreTest& t) {
  const std::vector<std::string> texts{
      "null",
      "true",
      "0",
      "-0",
      "[]",
      "{}",
      R"("")",
      R"({"":{}})",
      R"({"price":0.10,"big":123456789012345678901234567890,"tiny":1E-400,"huge":1e+400})",
      R"({"z":1,"a":2,"m":{"y":[],"b":null}})",
      " \t\r\n{ \"b\" :\t1 ,\n\"a\" : [ 1 , 2 ] }\n ",
      R"({"text":"\u0000\u001f\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"})",
      "{\"text\":\"\x7f\xc3\xa9\xf0\x9f\x98\x80\xe2\x80\xa8\"}",
      R"({"same":1,"same":2})",
      "-12345678901234567890.123456789012345678901234567890e-17",
  };
  for (const std::string& text : texts) expect_kept(t, complete_event(Data::json(text)));
  expect_kept(t, complete_event(Data()));
  expect_kept(t, complete_event(Data::bytes(R"({ "as":"bytes" })", "application/json")));
}

void bytes_are_kept(EventStoreTest& t) {
  std::string all;
  for (int round = 0; round < 4; ++round) {
    for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  }
  expect_kept(t, complete_event(Data::bytes(all, "application/protobuf")));
  expect_kept(t, complete_event(Data::bytes("", "application/x-empty")));
  expect_kept(t, complete_event(Data::bytes("\0"s, "application/x-nul")));
  expect_kept(t, complete_event(Data::bytes(R"({"a":)", "text/plain; charset=utf-8")));
  expect_kept(t, complete_event(Data::bytes("null", "")));
  expect_kept(t, complete_event(Data::bytes(std::string(300'000, '\xff'), "image/raw")));
}

void names_and_metadata_are_kept(EventStoreTest& t) {
  Event event = complete_event(Data::json("1"));
  event.id = std::string(kMaxNameBytes, 'i');
  event.event_type = "'; DROP TABLE events; -- \"\\ %_*?\xc3\xa9\xf0\x9f\x98\x80";
  event.metadata = {{"a", ""},
                    {"A", "upper"},
                    {"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
                    {R"(key with "quotes" and \)", R"({"json":"inside"})"},
                    {"\xf0\x9f\x98\x80", "\xc3\xa9"},
                    {"big", std::string(200'000, 'x')},
                    {std::string(kMaxNameBytes, 'k'), " "}};
  expect_kept(t, event);
  event.metadata.clear();
  event.event_type = std::string(kMaxNameBytes, 't');
  expect_kept(t, event);
}

void timestamps_are_kept_to_the_nanosecond(EventStoreTest& t) {
  for (const Timestamp time : {Timestamp{}, Timestamp{std::chrono::nanoseconds{1}},
                               Timestamp{std::chrono::nanoseconds{-1}}, Timestamp::max(),
                               Timestamp{std::chrono::nanoseconds{-9'000'000'000'000'000'001}}}) {
    Event event = complete_event({});
    event.timestamp = time;
    expect_kept(t, event);
  }
}

void an_event_without_a_timestamp_gets_the_clocks(EventStoreTest& t) {
  const Timestamp start = t.clock().now();
  t.append(event_of("order-1"));
  t.clock().advance(std::chrono::hours(5) + std::chrono::nanoseconds(7));
  t.append({event_of("order-1"), event_of("order-1")});
  t.clock().set(start);
  t.append(event_of("order-1"));

  const auto events = t.read("order-1");

  ASSERT_EQ(events.size(), 4U);
  const Timestamp later = start + std::chrono::hours(5) + std::chrono::nanoseconds(7);
  EXPECT_EQ(events[0]->timestamp, start);
  EXPECT_EQ(events[1]->timestamp, later);
  EXPECT_EQ(events[2]->timestamp, later);
  EXPECT_EQ(events[3]->timestamp, start) << "a clock may go back; the versions' order does not";
}

void an_event_without_an_id_gets_a_uuid_v7(EventStoreTest& t) {
  t.append_many("order-1", 20);
  t.append(std::vector(20, event_of("order-1")));

  std::set<std::string> ids;
  for (const EventPtr& event : t.read("order-1")) {
    const auto uuid = parse_uuid(event->id);
    ASSERT_TRUE(uuid.has_value()) << event->id;
    EXPECT_EQ(uuid.value()[6] >> 4U, 7U) << event->id;
    EXPECT_EQ(uuid.value()[8] >> 6U, 2U) << event->id;
    ids.insert(event->id);
  }
  EXPECT_EQ(ids.size(), 40U);
}

/// Actor ids that are different, although some program on the way may take them for the same, or
/// for a pattern.
std::vector<std::string> odd_actor_ids() {
  return {"*",
          ">",
          ".",
          "..",
          "a",
          "A",
          "a.b",
          "a.*",
          "a.>",
          "a b",
          "a ",
          " a",
          " ",
          "a-",
          "-a",
          "-",
          "order",
          "order-1",
          "Order-1",
          "ORDER-1",
          "order-1 ",
          "order-10",
          "order_1",
          "order%1",
          "%",
          "_",
          "?",
          "[a]",
          "'",
          "\"",
          "\\",
          "`",
          "'; DROP TABLE events; --",
          "=",
          "=YQ",
          "a/b",
          "a\\b",
          "../a",
          "$SYS",
          "$1",
          ":a",
          "@a",
          "null",
          "0",
          "1",
          "1.0",
          "1e0",
          "true",
          "\xc3\xa9",
          "e\xcc\x81",
          "\xc3\x89",
          "\xf0\x9f\x98\x80",
          "\xef\xbb\xbf\x61",
          "\xe2\x80\x8b",
          "{\"a\":1}",
          std::string(kMaxNameBytes, 'a'),
          std::string(kMaxNameBytes - 1, 'a'),
          std::string(kMaxNameBytes - 1, 'a') + "b"};
}

void every_legal_actor_id_is_an_actor_of_its_own(EventStoreTest& t) {
  const auto ids = odd_actor_ids();
  for (const std::string& id : ids) {
    EXPECT_EQ(t.append(event_of(id, "First"), {.expected_version = 0}).version, 1U) << id;
  }
  for (const std::string& id : ids) t.append(event_of(id, "Second"), {.expected_version = 1});

  for (const std::string& id : ids) {
    const auto events = t.read(id);
    ASSERT_THAT(types_of(events), ElementsAre("First", "Second")) << id;
    EXPECT_EQ(events[0]->actor_id, id);
    EXPECT_EQ(t.latest(id), 2U) << id;
    EXPECT_EQ(names_of(t.read_all({.actor_id = id})), names_of(events)) << id;
    const std::string category(category_of(id));
    if (category.empty()) continue;  // a filter without a category lets all through
    for (const EventPtr& event : t.read_all({.category = category})) {
      EXPECT_EQ(category_of(event->actor_id), category);
    }
  }
  EXPECT_EQ(t.read_all().size(), 2 * ids.size());
}

}  // namespace

Cases content_cases() {
  return {
      {"JsonIsKeptByteForByte", json_is_kept_byte_for_byte},
      {"BytesAreKept", bytes_are_kept},
      {"NamesAndMetadataAreKept", names_and_metadata_are_kept},
      {"TimestampsAreKeptToTheNanosecond", timestamps_are_kept_to_the_nanosecond},
      {"AnEventWithoutATimestampGetsTheClocks", an_event_without_a_timestamp_gets_the_clocks},
      {"AnEventWithoutAnIdGetsAUuidV7", an_event_without_an_id_gets_a_uuid_v7},
      {"EveryLegalActorIdIsAnActorOfItsOwn", every_legal_actor_id_is_an_actor_of_its_own},
  };
}

}  // namespace aether::testing
