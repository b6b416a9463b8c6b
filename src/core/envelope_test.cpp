// SPDX-License-Identifier: Apache-2.0
#include "aether/core/envelope.hpp"

#include "core/base64.hpp"
#include "core/metadata_json.hpp"
#include "core/test_random.hpp"
#include "core/text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

namespace aether {
namespace {

using namespace std::string_literals;  // for NUL in texts
using ::testing::HasSubstr;

Timestamp at(std::string_view text) { return *parse_timestamp(text); }

std::string golden(const std::string& file) {
  std::ifstream in(std::string(AETHER_GOLDEN_DIR) + "/envelope/" + file, std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(in), {});
  EXPECT_TRUE(text.ends_with('\n')) << file;
  text.pop_back();
  return text;
}

struct GoldenCase {
  std::string file;
  Event event;
};

std::vector<GoldenCase> golden_cases() {
  return {
      {"minimal.json",
       {.id = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f",
        .event_type = "OrderPlaced",
        .actor_id = "order-123",
        .version = 1,
        .data = Data::json(R"({"total":99.99})"),
        .metadata = {},
        .timestamp = at("2026-08-20T10:11:12.123456789Z")}},
      {"metadata.json",
       {.id = "1",
        .event_type = "OrderShipped",
        .actor_id = "order-123",
        .version = kMaxVersion,
        .data = {},
        .metadata = {{"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
                     {"correlation_id", "c-1"},
                     {"empty", ""}},
        .timestamp = at("1970-01-01T00:00:00Z")}},
      {"exact-data.json",
       {.id = "1",
        .event_type = "Measured",
        .actor_id = "meter-1",
        .version = 2,
        .data = Data::json("{ \"b\" : 123456789012345678901234567890, \"a\":0.10, \"a\":1e400,\n"
                           "  \"text\":\"\\u00e9\\/é\" }"),
        .metadata = {},
        .timestamp = at("1969-12-31T23:59:59.999999999Z")}},
      {"escapes.json",
       {.id = R"(a"b\c/d)",
        .event_type = "Größe €😀",
        .actor_id = "<order>&'1'",
        .version = 3,
        .data = Data::json(R"("x")"),
        .metadata = {{R"({"})", "é"}},
        .timestamp = at("2026-08-20T10:11:12.000000001Z")}},
      {"bytes.json",
       {.id = "1",
        .event_type = "LabelPrinted",
        .actor_id = "order-123",
        .version = 4,
        .data = Data::bytes("\x89PNG\r\n\x1a\n\0\xFF"s, "image/png"),
        .metadata = {},
        .timestamp = at("2026-08-20T10:11:12Z")}},
      {"empty-bytes.json",
       {.id = "1",
        .event_type = "Emptied",
        .actor_id = "cart-1",
        .version = 5,
        .data = Data::bytes("", ""),
        .metadata = {},
        .timestamp = at("2026-08-20T10:11:12Z")}},
      {"spaced-data.json",
       {.id = "1",
        .event_type = "Measured",
        .actor_id = "meter-1",
        .version = 6,
        .data = Data::json(" \t{ \"a\" : 0.10 }\r\n"),
        .metadata = {},
        .timestamp = at("2026-08-20T10:11:12Z")}},
  };
}

TEST(EncodeEnvelope, WritesTheGoldenFiles) {
  for (const GoldenCase& one : golden_cases()) {
    EXPECT_EQ(encode_envelope(one.event), golden(one.file)) << one.file;
  }
}

TEST(DecodeEnvelope, ReadsTheGoldenFiles) {
  for (const GoldenCase& one : golden_cases()) {
    const Result<Event> event = decode_envelope(golden(one.file));
    ASSERT_TRUE(event.has_value()) << one.file << ": " << event.error().message;
    EXPECT_EQ(*event, one.event) << one.file;
    EXPECT_TRUE(event->data.is_checked()) << one.file;
  }
}

TEST(EncodeEnvelope, AppendsToWhatIsThere) {
  const Event event = golden_cases().front().event;
  std::string out = "before ";
  encode_envelope(event, out);
  EXPECT_EQ(out, "before " + encode_envelope(event));
}

// ---- what is accepted beside the form that is written

constexpr std::string_view kRest =
    R"("id":"1","eventType":"T","actorId":"a","version":1,"timestamp":"2026-01-01T00:00:00Z")";

// A good envelope, and `more` behind it.
std::string with(std::string_view more) {
  return "{" + std::string(kRest) + std::string(more) + "}";
}

// A good envelope in which `from` became `to`.
std::string changed(std::string_view from, std::string_view to) {
  std::string text = with(R"(,"data":1)");
  text.replace(text.find(from), from.size(), to);
  return text;
}

std::string error_of(std::string_view json) {
  const Result<Event> event = decode_envelope(json);
  EXPECT_FALSE(event.has_value()) << json;
  if (event) return "";
  EXPECT_EQ(event.error().code, Errc::corrupt);
  const Result<std::vector<Event>> commit = decode_commit(json);
  EXPECT_FALSE(commit.has_value()) << json;
  return event.error().message;
}

TEST(DecodeEnvelope, TakesKeysInAnyOrderAndWhiteSpaceBetweenThem) {
  const Result<Event> event = decode_envelope(
      " {\n\"data\" : [ 1, 2 ] ,\t\"timestamp\" : \"2026-01-01T00:00:00Z\" , \"version\" : 1 ,\r\n"
      "\"actorId\" : \"a\" , \"metadata\" : { \"k\" : \"v\" } , \"eventType\" : \"T\", "
      "\"id\":\"1\" }\n");
  ASSERT_TRUE(event.has_value()) << event.error().message;
  EXPECT_EQ(event->data.text(), "[ 1, 2 ]");
  EXPECT_EQ(event->actor_id, "a");
  EXPECT_EQ(event->metadata, (Metadata{{"k", "v"}}));
}

TEST(DecodeEnvelope, TakesEscapesInKeysAndNames) {
  const Result<Event> event = decode_envelope(
      R"({"\u0069d":"1","eventType":"T","actorId":"\u0061\ud83d\ude00","version":1,)"
      R"("timestamp":"2026-01-01T00:00:00\u005a","metadata":{"\u006b":"\u0076"}})");
  ASSERT_TRUE(event.has_value()) << event.error().message;
  EXPECT_EQ(event->id, "1");
  EXPECT_EQ(event->actor_id, "a😀");
  EXPECT_EQ(event->metadata, (Metadata{{"k", "v"}}));
}

TEST(DecodeEnvelope, IgnoresUnknownKeysWithAnyValue) {
  const Result<Event> event =
      decode_envelope(with(R"(,"x":{"id":"2","y":[1e999]},"z":null,"Data":1,"":0)"));
  ASSERT_TRUE(event.has_value()) << event.error().message;
  EXPECT_EQ(event->id, "1");
  EXPECT_EQ(event->data, Data());
}

TEST(DecodeEnvelope, TakesMissingDataAsNull) {
  EXPECT_EQ(decode_envelope(with(""))->data.text(), "null");
  EXPECT_EQ(decode_envelope(with(R"(,"metadata":{})"))->metadata, Metadata{});
}

TEST(DecodeEnvelope, CutsDataExactlyAtItsEnds) {
  for (const std::string_view value :
       {"0", "-1.50E+3", "true", "false", "null", R"("")", R"("a\"},{\"")", "[]", "{}", "[ [ ] ]",
        R"({"}":"]","{":["["]})", "123456789012345678901234567890", R"({"a":1,"a":1})"}) {
    for (const std::string_view space : {"", " ", "\n\t "}) {
      const std::string padded = std::string(space) + std::string(value) + std::string(space);
      EXPECT_EQ(decode_envelope(with(",\"data\":" + padded))->data.text(), value);
      EXPECT_EQ(
          decode_envelope("{\"data\":" + padded + "," + std::string(kRest) + "}")->data.text(),
          value);
    }
  }
}

// ---- what is corrupt

TEST(DecodeEnvelope, RefusesEveryPieceOfAnEnvelope) {
  for (const GoldenCase& one : golden_cases()) {
    const std::string text = golden(one.file);
    for (std::size_t cut = 0; cut < text.size(); ++cut) {
      EXPECT_FALSE(decode_envelope(std::string_view(text).substr(0, cut)).has_value()) << cut;
    }
  }
}

TEST(DecodeEnvelope, RefusesWhatIsNotOneObject) {
  for (const std::string& text : {""s, " "s, "null"s, "1"s, R"("x")"s, "[]"s, "["s + with("") + "]",
                                  "\xEF\xBB\xBF" + with(""), with("") + "x", with("") + with(""),
                                  with("") + "\0"s, with("") + ","}) {
    EXPECT_FALSE(decode_envelope(text).has_value()) << text;
  }
  EXPECT_THAT(error_of(with("") + " {}"), HasSubstr("something follows its end"));
}

TEST(DecodeEnvelope, RefusesAKeyThatComesTwice) {
  EXPECT_THAT(error_of(with(R"(,"id":"1")")), HasSubstr(R"(the key "id" comes twice)"));
  for (const std::string_view key : {"eventType", "actorId", "version", "timestamp"}) {
    EXPECT_THAT(error_of(with(",\"" + std::string(key) + "\":1")), HasSubstr("comes twice")) << key;
  }
  EXPECT_THAT(error_of(with(R"(,"i\u0064":"1")")), HasSubstr("comes twice"));
  EXPECT_THAT(error_of(R"({"eventType":"T","id":"1","eventType":"U")" + with("").substr(8)),
              HasSubstr(R"(the key "eventType" comes twice)"));
  EXPECT_THAT(error_of(with(R"(,"data":1,"data":1)")), HasSubstr("comes twice"));
  EXPECT_THAT(error_of(with(R"(,"metadata":{},"metadata":{})")), HasSubstr("comes twice"));
  EXPECT_THAT(error_of(with(R"(,"x":1,"x":1)")), HasSubstr(R"(the key "x" comes twice)"));
  EXPECT_THAT(error_of(with(R"(,"metadata":{"k":"1","k":"2"})")),
              HasSubstr(R"(the metadata key "k" comes twice)"));
  EXPECT_THAT(error_of(with(R"(,"metadata":{"k":"1","\u006b":"2"})")), HasSubstr("comes twice"));
}

TEST(DecodeEnvelope, SaysWhichKeyIsMissing) {
  EXPECT_THAT(error_of("{}"), HasSubstr("the id is missing"));
  EXPECT_THAT(error_of(changed(R"("id":"1",)", "")), HasSubstr("the id is missing"));
  EXPECT_THAT(error_of(changed(R"("eventType":"T",)", "")), HasSubstr("the eventType is missing"));
  EXPECT_THAT(error_of(changed(R"("actorId":"a",)", "")), HasSubstr("the actorId is missing"));
  EXPECT_THAT(error_of(changed(R"("version":1,)", "")), HasSubstr("the version is missing"));
  EXPECT_THAT(error_of(changed(R"("timestamp":"2026-01-01T00:00:00Z",)", "")),
              HasSubstr("the timestamp is missing"));
}

TEST(DecodeEnvelope, RefusesNamesThatAStoreWouldRefuse) {
  const std::string long_name = '"' + std::string(256, 'x') + '"';
  for (const std::string_view old : {R"("1")", R"("T")", R"("a")"}) {
    for (const std::string_view bad : std::vector<std::string_view>{
             R"("")", R"("\u0000")", R"("a\nb")", R"("\u007f")", R"("\u0085")", "\"\xC2\x85\"",
             "\"\x7f\"", "1", "null", "[]", "\"\xFF\"", long_name}) {
      EXPECT_NE(error_of(changed(old, bad)), "") << bad;
    }
  }
  EXPECT_THAT(error_of(changed(R"("a")", R"("a\nb")")),
              HasSubstr(R"(the actor id "a\x0ab" holds a control character)"));
}

TEST(DecodeEnvelope, TakesVersionsFrom1ToTheHighest) {
  EXPECT_EQ(decode_envelope(changed(":1,", ":9223372036854775807,"))->version, kMaxVersion);
  for (const std::string_view bad :
       {":0,", ":-1,", ":-0,", ":1.0,", ":1e3,", ":01,", ":9223372036854775808,",
        ":18446744073709551616,", ":18446744073709551617,", ":\"1\",", ":null,", ":[1],", ":+1,",
        ":,", ":99999999999999999999999999,"}) {
    EXPECT_NE(error_of(changed(":1,", bad)), "") << bad;
  }
}

TEST(DecodeEnvelope, RefusesBadTimestamps) {
  for (const std::string_view bad :
       {R"("")", R"("2026-01-01")", R"("2026-13-01T00:00:00Z")", R"("2300-01-01T00:00:00Z")", "0",
        "null", R"("1677-09-21T00:12:43.145224192Z")" /* what stands for "not given" */}) {
    EXPECT_NE(error_of(changed(R"("2026-01-01T00:00:00Z")", bad)), "") << bad;
  }
}

TEST(DecodeEnvelope, RefusesBadMetadata) {
  const std::string long_key = R"({")" + std::string(256, 'k') + R"(":""})";
  for (const std::string_view bad :
       std::vector<std::string_view>{"null", "[]", "\"\"", "1", R"({"k":1})", R"({"k":null})",
                                     R"({"k":{}})", R"({"":"v"})", R"({"k":"\n"})", R"({"\t":"v"})",
                                     R"({"k"})", R"({"k":"v",})", R"({"k":"v")", "{", long_key}) {
    EXPECT_NE(error_of(with(",\"metadata\":" + std::string(bad))), "") << bad;
  }
}

TEST(DecodeEnvelope, RefusesBadDataAndBadUnknownValues) {
  for (const std::string_view bad :
       {"", "nul", "01", "1.", "\"", "\"\x01\"", "\"\xFF\"", "[1,]", "{\"a\":1,}", "{a:1}", "[}",
        R"("\x")", R"("\ud800")", "1 2", "'x'", "[1]]"}) {
    EXPECT_NE(error_of(with(",\"data\":" + std::string(bad))), "") << bad;
    EXPECT_NE(error_of(with(",\"x\":" + std::string(bad))), "") << bad;
  }
}

TEST(DecodeEnvelope, RefusesBytesThatAreNotWholeOrNotCanonical) {
  const auto with_bytes = [](std::string_view type, std::string_view base64) {
    return with(",\"dataContentType\":" + std::string(type) +
                ",\"dataBase64\":" + std::string(base64));
  };
  EXPECT_TRUE(decode_envelope(with_bytes(R"("x/y")", R"("Zm8=")")).has_value());
  EXPECT_TRUE(decode_envelope(with_bytes(R"("x/y")", R"("Zm8\u003d")")).has_value());
  for (const std::string_view bad : {R"("Zm8")", R"("Zm9=")", R"("Zm8=Zm8=")", R"("Zm 8=")",
                                     R"("-_-_")", "null", "1", R"("=")"}) {
    EXPECT_NE(error_of(with_bytes(R"("x/y")", bad)), "") << bad;
  }
  for (const std::string_view bad : {R"("")", R"("x\n")", "null", R"("application/json")"}) {
    EXPECT_NE(error_of(with_bytes(bad, R"("Zm8=")")), "") << bad;
  }
  EXPECT_THAT(error_of(with(R"(,"dataBase64":"")")), HasSubstr("belong together"));
  EXPECT_THAT(error_of(with(R"(,"dataContentType":"x/y")")), HasSubstr("belong together"));
  EXPECT_THAT(error_of(with(R"(,"data":1,"dataContentType":"x/y")")), HasSubstr("belong together"));
  EXPECT_THAT(error_of(with(R"(,"data":1,"dataContentType":"x/y","dataBase64":"")")),
              HasSubstr("both data and dataBase64"));
}

TEST(DecodeEnvelope, TakesJsonAsBytesOnlyWhereDataCouldNotHoldIt) {
  const auto with_json = [](std::string_view json) {
    std::string text = R"(,"dataContentType":"application/json","dataBase64":")";
    append_base64(text, json, Base64::standard);
    return with(text + '"');
  };
  EXPECT_TRUE(decode_envelope(with_json(" [ 1 ]")).has_value());
  for (const std::string_view bad : {"1", "{ }", "[ 1 ]", "null"}) {
    EXPECT_THAT(error_of(with_json(bad)), HasSubstr("belongs into data")) << bad;
  }
  for (const std::string_view bad :
       {"", " ", " x", "1 2 ", " [1", " \"\xFF\"", "\v1", "\xEF\xBB\xBF[] "}) {
    EXPECT_NE(error_of(with_json(bad)), "") << bad;
  }
  EXPECT_FALSE(decode_envelope(with_json(" [[1]]"), 1).has_value()) << "deeper than allowed";
  EXPECT_TRUE(decode_envelope(with_json(" [[1]]"), 2).has_value());
}

TEST(DecodeEnvelope, NamesTheByteWhereTheTextBreaks) {
  EXPECT_EQ(error_of(R"({"id":x})"), "the envelope is corrupt at byte 6: a string is expected");
  EXPECT_THAT(error_of("\xEF\xBB\xBF{}"), HasSubstr("at byte 0: it begins with a byte order mark"));
  EXPECT_EQ(error_of("{\"id\":\"\xFF\"}"), "the envelope is corrupt: it is not valid UTF-8");
}

TEST(DecodeEnvelope, FollowsDataToTheDepthThatIsAllowed) {
  const auto nested = [](std::size_t depth) {
    return with(",\"data\":" + std::string(depth, '[') + std::string(depth, ']'));
  };
  EXPECT_TRUE(decode_envelope(nested(64)).has_value());
  EXPECT_THAT(error_of(nested(65)), HasSubstr("nested too deeply"));
  EXPECT_FALSE(decode_envelope(nested(2), 1).has_value());
  EXPECT_TRUE(decode_envelope(with(R"(,"data":"x","metadata":{})"), 0).has_value());

  const Result<Event> deep = decode_envelope(nested(65), 65);
  ASSERT_TRUE(deep.has_value());
  EXPECT_FALSE(deep->data.is_checked());  // not vouched for beyond the default depth
  EXPECT_TRUE(decode_envelope(nested(64), 65)->data.is_checked());
}

TEST(DecodeEnvelope, IsNotTroubledByManyUnknownKeys) {
  std::string members;
  for (int i = 0; i < 50'000; ++i) members += ",\"k" + std::to_string(i) + "\":0";
  EXPECT_TRUE(decode_envelope(with(members)).has_value());
  EXPECT_THAT(error_of(with(members + ",\"k777\":0")), HasSubstr("comes twice"));
}

// ---- commits

TEST(EncodeCommit, WritesOneEventAsAnObjectAndSeveralAsAnArray) {
  const std::vector<Event> events = *decode_commit(golden("commit.json"));
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].event_type, "OrderPlaced");
  EXPECT_EQ(events[1].data.text(), R"({"tracking":"FS123456"})");
  EXPECT_EQ(encode_commit(events), golden("commit.json"));
  EXPECT_EQ(encode_commit(std::span(events).first(1)), encode_envelope(events[0]));
  EXPECT_EQ(*decode_commit(encode_envelope(events[0])), std::vector{events[0]});
}

TEST(DecodeCommit, RefusesAnArrayThatIsEmptyOrHoldsSomethingElse) {
  const std::string good = with("");
  EXPECT_EQ(decode_commit("[" + good + " , " + good + " ] ")->size(), 2U);
  EXPECT_EQ(decode_commit("[" + good + "]")->size(), 1U);
  for (const std::string& text :
       {"[]"s, "[ ]"s, "[null]"s, "[" + good, "[" + good + ",]", "[," + good + "]",
        concat("[", good, good, "]"), "[[" + good + "]]", "[" + good + ",{}]", "[" + good + "]]",
        "[" + good + "}", ""s}) {
    const Result<std::vector<Event>> commit = decode_commit(text);
    ASSERT_FALSE(commit.has_value()) << text;
    EXPECT_EQ(commit.error().code, Errc::corrupt);
  }
}

}  // namespace
}  // namespace aether
