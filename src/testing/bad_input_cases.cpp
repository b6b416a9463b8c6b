// SPDX-License-Identifier: Apache-2.0
#include "aether/core/names.hpp"
#include "aether/store/limits.hpp"
#include "testing/event_store_fixture.hpp"

#include <functional>
#include <string>
#include <vector>

namespace aether::testing {

namespace {

using namespace std::string_literals;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::size_t kMebibyte = std::size_t{1024} * 1024;

struct BadInput {
  std::string field;  // what the message must speak of
  std::string what;
  std::function<void(Event& event)> spoil;
};

std::vector<BadInput> bad_names() {
  struct Name {
    std::string what;
    std::string value;
  };
  const std::vector<Name> names{
      {"with a NUL", "a\0b"s},
      {"with a line feed", "a\nb"},
      {"with a carriage return", "a\rb"},
      {"with a tab", "a\tb"},
      {"with an escape", "a\x1b[31m"},
      {"with DEL", "a\x7f"},
      {"with U+0085", "a\xc2\x85"},
      {"with a byte that is never UTF-8", "a\xff"},
      {"cut within a character", "a\xe2\x82"},
      {"with an overlong slash", "a\xc0\xaf"},
      {"with a surrogate", "a\xed\xa0\x80"},
      {"beyond U+10FFFF", "a\xf4\x90\x80\x80"},
      {"of 256 bytes", std::string(kMaxNameBytes + 1, 'a')},
      {"of a mebibyte less a little", std::string(kMebibyte - 1'000, 'a')},
  };
  std::vector<BadInput> inputs{
      {"actor id", "empty", [](Event& event) { event.actor_id = ""; }},
      {"event type", "empty", [](Event& event) { event.event_type = ""; }},
      {"metadata", "empty", [](Event& event) { event.metadata[""] = "x"; }},
  };
  for (const auto& [what, value] : names) {
    inputs.push_back({"actor id", what, [value](Event& event) { event.actor_id = value; }});
    inputs.push_back({"event type", what, [value](Event& event) { event.event_type = value; }});
    inputs.push_back({"id", what, [value](Event& event) { event.id = value; }});
    inputs.push_back({"metadata", what, [value](Event& event) { event.metadata[value] = "x"; }});
    inputs.push_back(
        {"content type", what, [value](Event& event) { event.data = Data::bytes("x", value); }});
    if (value.size() > kMaxNameBytes) continue;  // a metadata value may be as long
    inputs.push_back({"metadata", what, [value](Event& event) { event.metadata["k"] = value; }});
  }
  return inputs;
}

std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

std::vector<BadInput> bad_json() {
  std::vector<BadInput> inputs;
  for (const std::string& text : {""s,
                                  " "s,
                                  "{"s,
                                  "}"s,
                                  "nul"s,
                                  "NULL"s,
                                  "NaN"s,
                                  "Infinity"s,
                                  "undefined"s,
                                  "'a'"s,
                                  "\"open"s,
                                  "\"tab\t\""s,
                                  "\"nul\0\""s,
                                  R"("\x")"s,
                                  R"("\u12")"s,
                                  "01"s,
                                  "+1"s,
                                  "1."s,
                                  ".5"s,
                                  "1e"s,
                                  "-"s,
                                  "0x1"s,
                                  "[1,]"s,
                                  "[,1]"s,
                                  "[1 2]"s,
                                  "[1]]"s,
                                  R"({"a":1,})"s,
                                  R"({"a":})"s,
                                  R"({"a"})"s,
                                  R"({a:1})"s,
                                  R"({1:1})"s,
                                  "1 2"s,
                                  "{}{}"s,
                                  "null\0"s,
                                  "/* */1"s,
                                  "\"\xff\""s,
                                  "\"\xed\xa0\x80\""s,
                                  "\"\xc0\xaf\""s,
                                  "\xff"s,
                                  "\xef\xbb\xbf"
                                  "1"s}) {
    inputs.push_back({"data", ::testing::PrintToString(text),
                      [text](Event& event) { event.data = Data::json(text); }});
  }
  for (const std::size_t depth : {65U, 66U, 200U, 100'000U}) {
    inputs.push_back({"data", "nested " + std::to_string(depth) + " deep",
                      [depth](Event& event) { event.data = Data::json(nested(depth)); }});
  }
  inputs.push_back({"data", "malformed, under the content type of JSON",
                    [](Event& event) { event.data = Data::bytes("{", "application/json"); }});
  return inputs;
}

/// Refused alone, and as one of four; and the message says which and what.
void expect_refused(EventStoreTest& t, const BadInput& input) {
  Event bad = event_of("order-a");
  input.spoil(bad);
  std::vector<Event> commit(4, event_of("order-a"));
  commit[2] = bad;

  const auto alone = t.store().append(bad);
  const auto together = t.store().append(commit);

  for (const auto& appended : {alone, together}) {
    ASSERT_THAT(appended, FailsWith(Errc::invalid_argument)) << input.field << " " << input.what;
    EXPECT_THAT(appended.error().message, HasSubstr(input.field)) << input.what;
  }
  EXPECT_THAT(together.error().message, HasSubstr("event 2")) << input.field << " " << input.what;
}

void expect_all_refused(EventStoreTest& t, const std::vector<BadInput>& inputs) {
  t.append(event_of("order-a"));

  for (const BadInput& input : inputs) expect_refused(t, input);

  EXPECT_EQ(t.read_all().size(), 1U) << "bad input must store nothing";
  EXPECT_EQ(t.append(event_of("order-a")).version, 2U) << "and must not spoil what follows";
}

void a_bad_name_is_refused(EventStoreTest& t) { expect_all_refused(t, bad_names()); }

void bad_json_is_refused(EventStoreTest& t) { expect_all_refused(t, bad_json()); }

void a_version_over_the_highest_is_refused(EventStoreTest& t) {
  expect_all_refused(
      t, {{"version", "one over", [](Event& event) { event.version = kMaxVersion + 1; }},
          {"version", "all ones", [](Event& event) { event.version = ~Version{0}; }}});
}

void json_may_be_64_deep(EventStoreTest& t) {
  Event event = event_of("order-a");
  event.data = Data::json(nested(kDefaultJsonDepth));
  t.append(event);
  EXPECT_EQ(t.read("order-a").at(0)->data, event.data);
}

void an_empty_commit_is_refused(EventStoreTest& t) {
  EXPECT_THAT(t.store().append(std::vector<Event>()), FailsWith(Errc::invalid_argument));
  EXPECT_THAT(t.store().append(std::span<const Event>()), FailsWith(Errc::invalid_argument));
  EXPECT_THAT(t.read_all(), IsEmpty());
}

void a_commit_has_up_to_a_thousand_events(EventStoreTest& t) {
  constexpr std::size_t kMost = Limits{}.max_commit_events;

  EXPECT_THAT(t.store().append(std::vector(kMost + 1, event_of("order-a"))),
              FailsWith(Errc::too_large));
  EXPECT_THAT(t.read_all(), IsEmpty());
  EXPECT_EQ(t.append(std::vector(kMost, event_of("order-a"))).version, kMost);
  EXPECT_EQ(t.read("order-a").size(), kMost);
}

void a_commit_has_up_to_a_mebibyte(EventStoreTest& t) {
  const auto with_bytes = [](std::size_t size) {
    Event event = event_of("order-a");
    event.data = Data::bytes(std::string(size, 'x'), "text/plain");
    return event;
  };
  Event metadata = event_of("order-a");
  metadata.metadata["big"] = std::string(kMebibyte + 1, 'x');

  for (const std::size_t size : {kMebibyte + 1, 2 * kMebibyte, 20 * kMebibyte}) {
    EXPECT_THAT(t.store().append(with_bytes(size)), FailsWith(Errc::too_large)) << size;
  }
  EXPECT_THAT(t.store().append(std::vector(3, with_bytes(400'000))), FailsWith(Errc::too_large));
  EXPECT_THAT(t.store().append(metadata), FailsWith(Errc::too_large));
  EXPECT_THAT(t.read_all(), IsEmpty());

  constexpr std::size_t kRoomForNames = std::size_t{16} * 1024;
  const Event largest = with_bytes(kMebibyte - kRoomForNames);
  t.append(largest);
  ASSERT_EQ(t.read("order-a").size(), 1U);
  EXPECT_EQ(t.read("order-a")[0]->data, largest.data);
}

void bad_input_fails_before_a_conflict_is_looked_for(EventStoreTest& t) {
  t.append_many("order-a", 2);

  EXPECT_THAT(t.store().append(event_of("order-a", "", 1)), FailsWith(Errc::invalid_argument));
  EXPECT_THAT(t.store().append(event_of("order-a", ""), {.expected_version = 7}),
              FailsWith(Errc::invalid_argument));
}

}  // namespace

Cases bad_input_cases() {
  return {
      {"ABadNameIsRefused", a_bad_name_is_refused},
      {"BadJsonIsRefused", bad_json_is_refused},
      {"AVersionOverTheHighestIsRefused", a_version_over_the_highest_is_refused},
      {"JsonMayBe64Deep", json_may_be_64_deep},
      {"AnEmptyCommitIsRefused", an_empty_commit_is_refused},
      {"ACommitHasUpToAThousandEvents", a_commit_has_up_to_a_thousand_events},
      {"ACommitHasUpToAMebibyte", a_commit_has_up_to_a_mebibyte},
      {"BadInputFailsBeforeAConflictIsLookedFor", bad_input_fails_before_a_conflict_is_looked_for},
  };
}

}  // namespace aether::testing
