// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/nats/bus.hpp"
#include "core/text.hpp"
#include "nats/nats_server.hpp"
#include "nats/tcp_proxy.hpp"
#include "nats/test_support.hpp"
#include "testing/bus_collector.hpp"
#include "testing/matchers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aether::nats {

inline EventPtr happened(std::string actor_id, Version version) {
  auto event = std::make_shared<StoredEvent>();
  event->id = concat(version);
  event->event_type = "Happened";
  event->actor_id = std::move(actor_id);
  event->version = version;
  event->timestamp = Timestamp(std::chrono::seconds(1'700'000'000));
  return event;
}

/// A server, and buses at it; a proxy before it.
class BusFixture : public ::testing::TestWithParam<tests::ServerVersion> {
 protected:
  void start(const std::string& config = "") {
    server_.emplace(
        tests::ServerOptions{.version = GetParam(), .jetstream = false, .config = config});
    proxy_.emplace(server_->port());
  }
  [[nodiscard]] std::shared_ptr<Connection> connected(const std::string& url,
                                                      const std::string& user = "") const {
    return *connect({.urls = {url},
                     .user = user,
                     .password = user,
                     .connect_timeout = std::chrono::milliseconds(500),
                     .reconnect = {.wait = std::chrono::milliseconds(10),
                                   .jitter = std::chrono::milliseconds(0)}});
  }
  [[nodiscard]] std::unique_ptr<Bus> opened(const std::string& user = "") {
    return *open_bus(connected(server_->url(), user), {.log = log()});
  }
  [[nodiscard]] std::unique_ptr<Bus> opened_behind_proxy() {
    return *open_bus(connected(proxy_->url()), {.log = log()});
  }
  LogSink log() {
    return [this](LogLevel, std::string_view message) {
      const std::scoped_lock lock(mutex_);
      logged_.emplace_back(message);
    };
  }
  std::vector<std::string> logged() {
    const std::scoped_lock lock(mutex_);
    return logged_;
  }
  static Subscription subscribe(Bus& bus, const std::string& pattern,
                                testing::BusCollector& collector, SubscribeOptions options = {}) {
    options.on_gap = collector.on_gap();
    auto subscription = bus.subscribe(*NamespacePattern::parse(pattern), {}, std::move(options),
                                      collector.handler());
    EXPECT_THAT(subscription, testing::Succeeds());
    return subscription ? std::move(*subscription) : Subscription();
  }

  const Namespace prod_ = *Namespace::parse("prod");
  std::mutex mutex_;  // guards logged_
  std::vector<std::string> logged_;
  std::optional<tests::NatsServer> server_;
  std::optional<tests::TcpProxy> proxy_;
};

}  // namespace aether::nats
