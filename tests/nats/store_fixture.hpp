// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/nats/store.hpp"
#include "nats/nats_server.hpp"
#include "nats/tcp_proxy.hpp"
#include "nats/test_support.hpp"
#include "testing/matchers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace aether::nats {

inline Event placed(std::string id, Version version, std::string actor_id = "order-1") {
  return {.id = std::move(id),
          .event_type = "OrderPlaced",
          .actor_id = std::move(actor_id),
          .version = version};
}

/// A server, and two stores of one namespace: one behind a proxy, one beside it.
class StoreFixture : public ::testing::TestWithParam<tests::ServerVersion> {
 protected:
  Result<std::unique_ptr<Store>> open_at(const std::string& url, const StoreOptions& options = {}) {
    auto connection = connect({.urls = {url},
                               .ping_interval = std::chrono::milliseconds(50),
                               .reconnect = {.wait = std::chrono::milliseconds(10),
                                             .jitter = std::chrono::milliseconds(0)}});
    if (!connection) return std::unexpected(connection.error());
    return open(std::move(*connection), ns_, options);
  }

  /// Beside the proxy.
  Store& other() {
    if (!other_) other_ = *open_at(server_.url());
    return *other_;
  }
  /// Behind the proxy.
  Store& store() {
    if (!store_) store_ = *open_at(proxy_.url());
    return *store_;
  }
  std::vector<std::string> stored_ids(const Filter& filter = {}) {
    const auto page = other().read_all(filter, 0, 1'000);
    EXPECT_THAT(page, testing::Succeeds());
    std::vector<std::string> ids;
    if (page) {
      for (const EventPtr& event : page->events) ids.push_back(event->id);
    }
    return ids;
  }

  /// Declared behind what completions and the proxy's rules write to: they are over when it goes,
  /// also where an assertion has ended the test early.
  class OverFirst {
   public:
    explicit OverFirst(StoreFixture& fixture) : fixture_(fixture) {}
    ~OverFirst() {
      fixture_.proxy_.swallow({});
      fixture_.proxy_.replace({});
      fixture_.store_.reset();
    }
    OverFirst(const OverFirst&) = delete;
    OverFirst& operator=(const OverFirst&) = delete;

   private:
    StoreFixture& fixture_;
  };

  const Namespace ns_ = *Namespace::parse("prod.eu");
  tests::NatsServer server_{{.version = GetParam()}};
  tests::TcpProxy proxy_{server_.port()};
  std::unique_ptr<Store> other_;
  std::unique_ptr<Store> store_;
};

}  // namespace aether::nats
