// SPDX-License-Identifier: Apache-2.0
#include "nats/api_json.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace aether::nats {
namespace {

using ::testing::HasSubstr;

TEST(ApiJson, KnowsWhatTheServerSupports) {
  EXPECT_EQ(parse_level(R"({"memory":0,"api":{"level":2,"total":7}})"), 2U);
  EXPECT_EQ(parse_level(R"({"memory":0,"api":{"total":7,"errors":0}})"), 0U) << "2.9";
}

TEST(ApiJson, ReadsAStream) {
  const auto info = parse_stream_info(
      R"({"type":"x","config":{"name":"n","subjects":["a.*","b"],"retention":"interest",)"
      R"("storage":"memory","discard":"new","compression":"s2","max_age":5,"max_bytes":6,)"
      R"("max_msgs":7,"max_msgs_per_subject":8,"max_msg_size":9,"max_consumers":10,)"
      R"("num_replicas":3,"deny_delete":true,"deny_purge":true,"allow_direct":true,)"
      R"("allow_atomic":true,"allow_rollup_hdrs":true,"allow_msg_ttl":true,"no_ack":true,)"
      R"("sealed":true,"mirror":{"name":"m"},"subject_transform":{"src":"a"},"new":[1],)"
      R"("discard_new_per_subject":true,)"
      R"("first_seq":11,"duplicate_window":12,"persist_mode":"async",)"
      R"("republish":{"src":"a.*","dest":"c.$1","headers_only":true}},)"
      R"("created":"2026-08-20T10:00:00Z","ts":"2026-08-20T11:00:00.5Z",)"
      R"("state":{"messages":1,"bytes":4,"first_seq":2,"last_seq":5,"num_deleted":2,)"
      R"("deleted":[3,4],"num_subjects":6,"consumer_count":7,)"
      R"("first_ts":"2026-08-20T10:30:00Z"},"cluster":{"leader":"n2","replicas":[)"
      R"({"name":"n1","current":true,"active":1},)"
      R"({"name":"n3","current":false,"offline":true,"lag":8}]}})");

  ASSERT_TRUE(info.has_value());
  const StreamConfig expected{.name = "n",
                              .subjects = {"a.*", "b"},
                              .retention = "interest",
                              .storage = "memory",
                              .discard = "new",
                              .compression = "s2",
                              .max_age_ns = 5,
                              .max_bytes = 6,
                              .max_messages = 7,
                              .max_messages_per_subject = 8,
                              .max_message_bytes = 9,
                              .max_consumers = 10,
                              .first_sequence = 11,
                              .duplicate_window_ns = 12,
                              .replicas = 3,
                              .persist_mode = "async",
                              .republish_source = "a.*",
                              .republish_destination = "c.$1",
                              .republishes_headers_only = true,
                              .deny_delete = true,
                              .deny_purge = true,
                              .allow_direct = true,
                              .allow_atomic = true,
                              .allow_rollup = true,
                              .allow_message_ttl = true,
                              .no_ack = true,
                              .sealed = true,
                              .is_mirror = true,
                              .transforms_subjects = true,
                              .discards_new_per_subject = true};
  EXPECT_EQ(info->config, expected);
  EXPECT_EQ(info->messages, 1U);
  EXPECT_EQ(info->first_sequence, 2U);
  EXPECT_EQ(info->last_sequence, 5U);
  EXPECT_EQ(info->bytes, 4U);
  EXPECT_EQ(info->deleted, 2U);
  EXPECT_THAT(info->deleted_ones, ::testing::ElementsAre(3, 4));
  EXPECT_EQ(info->subjects, 6U);
  EXPECT_EQ(info->consumers, 7U);
  EXPECT_EQ(format_timestamp(info->created), "2026-08-20T10:00:00.000000000Z");
  EXPECT_EQ(info->first_time - info->created, std::chrono::minutes(30));
  EXPECT_EQ(info->server_time - info->created, std::chrono::milliseconds(3'600'500));
  EXPECT_EQ(info->leader, "n2");
  ASSERT_EQ(info->peers.size(), 2U);
  EXPECT_TRUE(info->peers[0].is_current);
  EXPECT_FALSE(info->peers[0].is_offline);
  EXPECT_EQ(info->peers[0].silent.count(), 1);
  EXPECT_EQ(info->peers[1].name, "n3");
  EXPECT_TRUE(info->peers[1].is_offline);
  EXPECT_EQ(info->peers[1].lag, 8U);
}

// A server leaves out what is as it always was.
TEST(ApiJson, ReadsAStreamOfAnOldServer) {
  const auto info = parse_stream_info(R"({"config":{"name":"n"},"state":{}})");

  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->config.discard, "old");
  EXPECT_EQ(info->config.storage, "file");
  EXPECT_EQ(info->config.compression, "none");
  EXPECT_EQ(info->server_time, kNoTimestamp);
  EXPECT_EQ(info->created, kNoTimestamp);
  EXPECT_FALSE(info->config.allow_direct);
  EXPECT_EQ(info->leader, "");
}

TEST(ApiJson, ReadsAConsumer) {
  const auto consumer = parse_consumer(R"({"name":"c","num_pending":18446744073709551615})");

  ASSERT_TRUE(consumer.has_value());
  EXPECT_EQ(consumer->name, "c");
  EXPECT_EQ(consumer->pending, 18'446'744'073'709'551'615U);
}

TEST(ApiJson, ReadsAnAcknowledgement) {
  const auto stored = parse_stored(R"({"stream":"s","seq":7})");
  const auto duplicate = parse_stored(R"({"stream":"s","seq":7,"duplicate":true})");

  ASSERT_TRUE(stored.has_value());
  EXPECT_EQ(stored->sequence, 7U);
  EXPECT_FALSE(stored->is_duplicate);
  ASSERT_TRUE(duplicate.has_value());
  EXPECT_TRUE(duplicate->is_duplicate);
}

TEST(ApiJson, ReadsAMessage) {
  // "NATS/1.0\r\nAether-Format: 1\r\nAether-Version:12\r\nX: y\r\n\r\n"
  const auto found = parse_message(
      R"({"message":{"subject":"a.b","seq":9,"data":"e30=","hdrs":)"
      R"("TkFUUy8xLjANCkFldGhlci1Gb3JtYXQ6IDENCkFldGhlci1WZXJzaW9uOjEyDQpYOiB5DQoNCg=="}})");

  ASSERT_TRUE(found.has_value());
  ASSERT_TRUE(found->has_value());
  const StoredMessage& message = **found;
  EXPECT_EQ(message.sequence, 9U);
  EXPECT_EQ(message.subject, "a.b");
  EXPECT_EQ(message.body, "{}");
  EXPECT_EQ(message.format, "1");
  EXPECT_EQ(message.version, "12");
  EXPECT_EQ(message.hash, "");
}

TEST(ApiJson, AMessageThatIsNotThereIsNoError) {
  const auto found =
      parse_message(R"({"error":{"code":404,"err_code":10037,"description":"no message found"}})");

  ASSERT_TRUE(found.has_value());
  EXPECT_FALSE(found->has_value());
}

TEST(ApiJson, WhatIsNotAsItShouldBeIsCorrupt) {
  const auto note = [](const auto& result, std::string_view json) {
    EXPECT_FALSE(result.has_value()) << json;
    if (result) return;
    EXPECT_EQ(result.error().error.code, Errc::corrupt) << json;
    EXPECT_EQ(result.error().code, ApiCode::none) << json;
  };
  for (const std::string_view json : {"", "x", "[]", "null", "7", "\"\"", "{", "{}}", "{\"a\":}"}) {
    note(parse_level(json), json);
    note(parse_stream_info(json), json);
    note(parse_consumer(json), json);
    note(parse_stored(json), json);
    note(parse_message(json), json);
  }
  for (const std::string_view json :
       {"{}", R"({"config":{}})", R"({"state":{}})", R"({"config":[],"state":{}})"}) {
    note(parse_stream_info(json), json);
  }
  for (const std::string_view json : {"{}", R"({"name":7})"}) note(parse_consumer(json), json);
  for (const std::string_view json :
       {"{}", R"({"seq":0})", R"({"seq":-1})", R"({"seq":"1"})", R"({"seq":1.5})"}) {
    note(parse_stored(json), json);
  }
  for (const std::string_view json :
       {"{}", R"({"message":[]})", R"({"message":{"seq":1}})", R"({"message":{"subject":"a"}})",
        R"({"message":{"subject":"a","seq":1,"data":"e30"}})",
        R"({"message":{"subject":"a","seq":1,"hdrs":"?"}})"}) {
    note(parse_message(json), json);
  }
}

TEST(ApiJson, WhatAServerRefusesSaysWhatToDo) {
  struct Refused {
    int code, status;
    Errc meaning;
  };
  for (const Refused& one : {Refused{10'059, 404, Errc::not_found},
                             Refused{10'037, 404, Errc::not_found},
                             Refused{10'039, 503, Errc::unsupported},
                             Refused{10'076, 503, Errc::unsupported},
                             Refused{10'174, 400, Errc::unsupported},
                             Refused{10'071, 400, Errc::version_conflict},
                             Refused{10'054, 400, Errc::too_large},
                             Refused{10'097, 400, Errc::too_large},
                             Refused{10'199, 400, Errc::too_large},
                             Refused{10'176, 400, Errc::unavailable},
                             Refused{10'164, 400, Errc::version_conflict},
                             Refused{10'060, 400, Errc::invalid_argument},
                             Refused{10'058, 400, Errc::invalid_argument},
                             Refused{10'065, 400, Errc::invalid_argument},
                             Refused{10'077, 503, Errc::unavailable},
                             Refused{10'002, 400, Errc::unavailable},
                             Refused{10'005, 400, Errc::unavailable},
                             Refused{10'074, 500, Errc::invalid_argument},
                             Refused{10'025, 400, Errc::invalid_argument},
                             Refused{10'008, 503, Errc::unavailable},
                             Refused{0, 500, Errc::unavailable}}) {
    const auto refused =
        parse_stored(R"({"error":{"code":)" + std::to_string(one.status) + R"(,"err_code":)" +
                     std::to_string(one.code) + R"(,"description":"so it is"},"seq":0})");

    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(static_cast<int>(refused.error().code), one.code);
    EXPECT_EQ(refused.error().error.code, one.meaning) << one.code;
    EXPECT_THAT(refused.error().error.message, HasSubstr("so it is"));
  }
}

}  // namespace
}  // namespace aether::nats
