// SPDX-License-Identifier: Apache-2.0
#include "store/snapshot_envelope.hpp"

#include "testing/matchers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace aether {
namespace {

using namespace std::string_literals;
using testing::FailsWith;
using ::testing::HasSubstr;
using testing::Succeeds;

Snapshot snapshot_with(const Data& data) {
  return {.actor_id = "order-1",
          .version = 7,
          .schema = "order/2",
          .data = data,
          .timestamp = *parse_timestamp("2026-08-20T10:11:12.123456789Z")};
}

TEST(SnapshotEnvelope, IsOneJsonObject) {
  EXPECT_EQ(encode_snapshot(snapshot_with(Data::json(R"({"total":0.10})"))),
            R"({"actorId":"order-1","version":7,"schema":"order/2",)"
            R"("timestamp":"2026-08-20T10:11:12.123456789Z","data":{"total":0.10}})");
  EXPECT_EQ(encode_snapshot(snapshot_with(Data::bytes("\xff\x01", "a/b"))),
            R"({"actorId":"order-1","version":7,"schema":"order/2",)"
            R"("timestamp":"2026-08-20T10:11:12.123456789Z",)"
            R"("dataContentType":"a/b","dataBase64":"/wE="})");
}

TEST(SnapshotEnvelope, IsReadAsItWasWritten) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  for (const Data& data :
       {Data(), Data::json(R"({ "a":123456789012345678901234567890, "a":1e400 })"),
        Data::json(" {} \n"), Data::json("\"\xf0\x9f\x98\x80\""), Data::bytes(all, "a/b"),
        Data::bytes("", "a/b"), Data::bytes("{}", "text/plain")}) {
    Snapshot snapshot = snapshot_with(data);
    snapshot.actor_id = "\"\\\xc3\xa9 *";
    snapshot.schema = "\"/\\";
    snapshot.version = kMaxVersion;

    const auto read = decode_snapshot(encode_snapshot(snapshot));

    ASSERT_THAT(read, Succeeds());
    EXPECT_EQ(*read, snapshot);
  }
}

TEST(SnapshotEnvelope, ItsKeysMayComeInAnyOrderAndUnknownOnesAreIgnored) {
  const auto read = decode_snapshot(
      R"( { "data" : [1] , "new":{"data":2}, "timestamp":"2026-08-20T12:11:12.123456789+02:00",
      "schema":"order\/2","actorId":"order-1","version":7 } )");

  ASSERT_THAT(read, Succeeds());
  EXPECT_EQ(*read, snapshot_with(Data::json("[1]")));
}

TEST(SnapshotEnvelope, WhatIsNotOneIsRefusedWithTheReason) {
  const std::string time = R"("timestamp":"2026-08-20T10:11:12Z")";
  const std::string begin = R"({"actorId":"a","version":1,"schema":"s",)" + time;
  ASSERT_THAT(decode_snapshot(begin + "}"), Succeeds());
  struct BadInput {
    std::string json, why;
  };
  for (const auto& [json, why] : {
           BadInput{"", "an object is expected"},
           BadInput{"[]", "an object is expected"},
           BadInput{R"({"version":1,"schema":"s",)" + time + "}", "actorId is missing"},
           BadInput{R"({"actorId":"a","schema":"s",)" + time + "}", "version is missing"},
           BadInput{R"({"actorId":"a","version":1,)" + time + "}", "schema is missing"},
           BadInput{R"({"actorId":"a","version":1,"schema":"s"})", "timestamp is missing"},
           BadInput{R"({"actorId":"a","version":0,"schema":"s",)" + time + "}", "version"},
           BadInput{R"({"actorId":"a","version":"1","schema":"s",)" + time + "}", "version"},
           BadInput{R"({"actorId":"","version":1,"schema":"s",)" + time + "}", "actor id"},
           BadInput{R"({"actorId":"a","version":1,"schema":"",)" + time + "}", "schema"},
           BadInput{R"({"actorId":"a","version":1,"schema":null,)" + time + "}", "string"},
           BadInput{begin + R"(,"schema":"t"})", "\"schema\" comes twice"},
           BadInput{begin + R"(,"x":1,"x":2})", "\"x\" comes twice"},
           BadInput{begin + R"(,"dataBase64":"AA=="})", "belong together"},
           BadInput{begin + R"(,"data":1,"dataContentType":"a/b","dataBase64":"AA=="})", "both"},
           BadInput{begin + R"(,"dataContentType":"a/b","dataBase64":"A"})", "base64"},
           BadInput{begin + R"(,"data":{})", "'}'"},
           BadInput{begin + "}x", "something follows"},
           BadInput{begin + ",\"x\":\"\xff\"}", "UTF-8"},
           BadInput{begin + R"(,"data":)" + std::string(65, '[') + std::string(65, ']') + "}",
                    "deep"},
       }) {
    const auto read = decode_snapshot(json);

    ASSERT_THAT(read, FailsWith(Errc::corrupt)) << json;
    EXPECT_THAT(read.error().message, HasSubstr(why));
  }
}

}  // namespace
}  // namespace aether
