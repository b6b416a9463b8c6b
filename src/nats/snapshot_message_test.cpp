// SPDX-License-Identifier: Apache-2.0
#include "nats/snapshot_message.hpp"

#include "aether/core/chain.hpp"
#include "core/sha256.hpp"
#include "testing/matchers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace aether::nats {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;
using testing::Succeeds;

const Namespace& prod() {
  static const Namespace ns = *Namespace::parse("prod.eu");
  return ns;
}

Snapshot snapshot_for(std::string actor_id) {
  return {.actor_id = std::move(actor_id),
          .version = 7,
          .schema = "order/1",
          .data = Data::json(" {} "),
          .timestamp = *parse_timestamp("2026-08-20T10:11:12Z")};
}

/// As a server gives it back.
StoredMessage stored(const OutgoingSnapshot& sent) {
  return {.sequence = 5,
          .subject = sent.subject,
          .format = "1",
          .version = std::to_string(sent.version),
          .checksum = sent.checksum,
          .body = sent.body};
}

TEST(SnapshotMessage, StandsWhereItsActorsEventsStandAmongEvents) {
  EXPECT_EQ(snapshot_subject(prod(), "order-123"), "aether.snap.prod.eu.order.order-123");
  EXPECT_EQ(snapshot_subject(prod(), "a.b-1"), "aether.snap.prod.eu.=YS5i.=YS5iLTE");
}

TEST(SnapshotMessage, IsReadAsItWasSent) {
  const Snapshot snapshot = snapshot_for("order 1");

  const auto decoded = decode_snapshot(prod(), stored(encode_snapshot(prod(), snapshot)));

  ASSERT_THAT(decoded, Succeeds());
  EXPECT_EQ(*decoded, snapshot);
}

TEST(SnapshotMessage, ARemovalIsReadAsNothing) {
  const OutgoingSnapshot removal = encode_removal(prod(), "order-1");
  EXPECT_EQ(removal.version, 0U);
  EXPECT_EQ(removal.body, "");

  const auto decoded = decode_snapshot(prod(), stored(removal));

  ASSERT_THAT(decoded, Succeeds());
  EXPECT_EQ(*decoded, std::nullopt);
}

TEST(SnapshotMessage, WhatIsNoSnapshotIsRefusedWithTheReasonAndThePlace) {
  struct Fault {
    void (*spoil)(StoredMessage&);
    std::string why;
  };
  for (const Fault& one : {
           Fault{[](StoredMessage& m) { m.format = ""; }, "no header Aether-Format"},
           Fault{[](StoredMessage& m) { m.format = "2"; }, "upgrade"},
           Fault{[](StoredMessage& m) { m.version = ""; }, "Aether-Version"},
           Fault{[](StoredMessage& m) { m.version = "7x"; }, "Aether-Version"},
           Fault{[](StoredMessage& m) { m.version = "9223372036854775808"; }, "Aether-Version"},
           Fault{[](StoredMessage& m) { m.version = "8"; }, "it is at version 7"},
           Fault{[](StoredMessage& m) { m.version = "0"; }, "and yet it has a body"},
           Fault{[](StoredMessage& m) { m.checksum = ""; }, "Aether-Checksum is \"\""},
           Fault{[](StoredMessage& m) { m.checksum[3] = 'x'; }, "Aether-Checksum"},
           Fault{[](StoredMessage& m) { m.body.back() = ' '; }, "does not match"},
           Fault{[](StoredMessage& m) { m.body.clear(); }, "does not match"},
           Fault{[](StoredMessage& m) {
                   m.body.back() = ' ';
                   m.checksum = to_hex(sha256(m.body));
                 },
                 "corrupt at byte"},
           Fault{[](StoredMessage& m) { m.subject += "2"; }, "whose subject is another"},
       }) {
    StoredMessage message = stored(encode_snapshot(prod(), snapshot_for("order-1")));
    one.spoil(message);

    const auto decoded = decode_snapshot(prod(), message);

    ASSERT_THAT(decoded, FailsWith(Errc::corrupt)) << one.why;
    EXPECT_THAT(decoded.error().message, HasSubstr(one.why));
    EXPECT_THAT(decoded.error().message, HasSubstr("message 5"));
    EXPECT_THAT(decoded.error().message, HasSubstr("aether.snap.prod.eu.order.order-1"));
  }
}

}  // namespace
}  // namespace aether::nats
