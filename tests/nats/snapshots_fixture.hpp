// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/nats/snapshots.hpp"
#include "nats/api.hpp"
#include "nats/nats_server.hpp"
#include "nats/session.hpp"
#include "nats/snapshot_message.hpp"
#include "nats/tcp_proxy.hpp"
#include "nats/test_support.hpp"
#include "nats/waiting.hpp"
#include "testing/matchers.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aether::nats {

inline const std::string kSubject = "aether.snap.prod.eu.order.order-1";

inline Snapshot snapshot_of(Version version, const std::string& state = "{}",
                            std::string actor_id = "order-1") {
  return {.actor_id = std::move(actor_id),
          .version = version,
          .schema = "order/1",
          .data = Data::json(state),
          .timestamp = *parse_timestamp("2026-08-20T10:11:12Z")};
}

/// One server, a store at a proxy before it, and another at the server.
class SnapshotStoreTest : public ::testing::TestWithParam<tests::ServerVersion> {
 protected:
  static Result<std::unique_ptr<SnapshotStore>> open_at(const std::string& url,
                                                        const SnapshotStoreOptions& options = {}) {
    auto connection = connect({.urls = {url},
                               .ping_interval = std::chrono::milliseconds(50),
                               .reconnect = {.wait = std::chrono::milliseconds(10),
                                             .jitter = std::chrono::milliseconds(0)}});
    if (!connection) return std::unexpected(connection.error());
    return open_snapshots(std::move(*connection), *Namespace::parse("prod.eu"), options);
  }

  /// Beside the proxy.
  SnapshotStore& other() {
    if (!other_) other_ = *open_at(server_.url());
    return *other_;
  }
  /// Behind the proxy.
  SnapshotStore& store() {
    if (!store_) use(proxy_.url(), {});
    return *store_;
  }
  void use(const std::string& url, const SnapshotStoreOptions& options) {
    store_ = *open_at(url, options);
  }
  Version stored_version() {
    const auto snapshot = other().load("order-1");
    EXPECT_THAT(snapshot, testing::Succeeds());
    return snapshot ? snapshot->version : 0;
  }

  /// What others can do to a stream, who know nothing of stores.
  Session& session() {
    if (!connection_) connection_ = *connect({.urls = {server_.url()}});
    return Session::of(*connection_);
  }
  std::string request(std::string_view subject, std::string_view body = "",
                      std::span<const Header> headers = {}) {
    const auto reply =
        session().requests().request({.subject = subject, .headers = headers, .data = body});
    EXPECT_THAT(reply, testing::Succeeds());
    return reply ? std::string(reply->data()) : "";
  }
  std::string publish(const OutgoingSnapshot& message, const std::string& format = "1",
                      const std::string& expected = "") {
    const std::string version = std::to_string(message.version);
    std::vector<Header> headers{{.name = "Aether-Format", .value = format},
                                {.name = "Aether-Version", .value = version},
                                {.name = "Aether-Checksum", .value = message.checksum}};
    if (!expected.empty()) {
      headers.push_back({.name = "Nats-Expected-Last-Subject-Sequence", .value = expected});
    }
    return request(message.subject, message.body, headers);
  }
  std::optional<StoredMessage> last_message() {
    StreamApi api(session().transport(), session().requests(), "aether=snap=prod=eu");
    const auto found = wait_once<StreamApi::Found>(
        std::chrono::steady_clock::now() + std::chrono::seconds(30),
        [&](auto timeout, auto done) { api.last(kSubject, false, timeout, std::move(done)); });
    EXPECT_TRUE(found.has_value());
    return found.value_or(std::nullopt);
  }

  const Namespace ns_ = *Namespace::parse("prod.eu");
  tests::NatsServer server_{{.version = GetParam()}};
  tests::TcpProxy proxy_{server_.port()};
  std::shared_ptr<Connection> connection_;
  std::unique_ptr<SnapshotStore> other_;
  std::unique_ptr<SnapshotStore> store_;
};

}  // namespace aether::nats
