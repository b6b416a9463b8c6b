// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/nats/registry.hpp"

#include "core/text.hpp"
#include "nats/nats_server.hpp"
#include "nats/session.hpp"
#include "nats/tcp_proxy.hpp"
#include "nats/test_support.hpp"
#include "testing/matchers.hpp"
#include "testing/registry_fixture.hpp"
#include "testing/waiting.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <future>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aether::nats {

using PutOutcome = Result<std::uint64_t>;

inline constexpr std::string_view kRegistryStream = "KV_aether-cluster-prod__eu";
inline constexpr std::string_view kRegistrySubject = "$KV.aether-cluster-prod__eu.";

/// Keeps what is logged; outlives the registries that log to it.
class RegistryLog {
 public:
  LogSink sink() {
    return [this](LogLevel, std::string_view message) {
      const std::scoped_lock lock(mutex_);
      text_ += concat(message, "\n");
    };
  }
  bool has(std::string_view part) {
    const std::scoped_lock lock(mutex_);
    return text_.contains(part);
  }

 private:
  std::mutex mutex_;  // guards text_
  std::string text_;
};

/// How often a watch was live, and whether it is.
class WatchLife {
 public:
  Registry::Watcher watching(testing::Sight& sight) {
    Registry::Watcher watcher = sight.watcher();
    watcher.on_live = [this, inner = std::move(watcher.on_live)](bool live) {
      inner(live);
      (live ? begins_ : ends_) += 1;
    };
    return watcher;
  }
  [[nodiscard]] bool wait_for_begins(int count) const {
    return testing::eventually([&] { return begins_ >= count && ends_ == begins_ - 1; });
  }
  [[nodiscard]] bool wait_for_ends(int count) const {
    return testing::eventually([&] { return ends_ >= count; });
  }
  [[nodiscard]] int ends() const { return ends_; }

 private:
  std::atomic<int> begins_{0};
  std::atomic<int> ends_{0};
};

/// A server, and two nodes: one behind a proxy, one beside it.
class NatsRegistryTest : public ::testing::TestWithParam<tests::ServerVersion> {
 protected:
  static std::shared_ptr<Connection> connection_to(const std::string& url) {
    auto connection = connect({.urls = {url},
                               .reconnect = {.wait = std::chrono::milliseconds(10),
                                             .jitter = std::chrono::milliseconds(0)}});
    EXPECT_THAT(connection, testing::Succeeds());
    return std::move(*connection);
  }
  std::shared_ptr<Registry> opened(const std::string& url, const std::string& ns = "prod.eu") {
    auto registry = open_registry(connection_to(url), *Namespace::parse(ns), {.log = log_.sink()});
    EXPECT_THAT(registry, testing::Succeeds());
    return std::move(*registry);
  }
  Registry& mine() {
    if (!mine_) mine_ = opened(proxy_.url());
    return *mine_;
  }
  Registry& other() {
    if (!other_) other_ = opened(server_.url());
    return *other_;
  }

  static std::future<PutOutcome> begin_put(Registry& registry, const std::string& value,
                                           std::uint64_t expected,
                                           std::chrono::milliseconds timeout) {
    auto promise = std::make_shared<std::promise<PutOutcome>>();
    registry.put("leader", value, expected, timeout,
                 [promise](PutOutcome outcome) { promise->set_value(std::move(outcome)); });
    return promise->get_future();
  }
  std::uint64_t others_put(const std::string& value, std::uint64_t expected) {
    const PutOutcome put = testing::RegistryTest::try_put(other(), "leader", value, expected);
    EXPECT_THAT(put, testing::Succeeds());
    return put.value_or(0);
  }
  std::string value() {
    const auto entry = testing::RegistryTest::try_get(other(), "leader");
    EXPECT_THAT(entry, testing::Succeeds());
    return entry && *entry ? (*entry)->value : "";
  }

  /// Loses the answers to puts, from now on.
  void lose_answers() {
    proxy_.swallow([](const tests::ServerFrame& frame) {
      return frame.content.starts_with(R"({"stream":)") ||
             frame.content.starts_with(R"({"error":{"code":400,"err_code":10071)");
    });
  }
  /// Beside all registries.
  void publish(const std::string& key, const std::string& value,
               std::span<const Header> headers = {}) {
    const auto connection = connection_to(server_.url());
    ASSERT_THAT(
        Session::of(*connection)
            .requests()
            .request({.subject = concat(kRegistrySubject, key), .headers = headers, .data = value}),
        testing::Succeeds());
  }
  std::string ask(const std::string& verb, const std::string& body = "") {
    return tests::request(server_, concat("$JS.API.", verb, ".", kRegistryStream), body);
  }

  RegistryLog log_;
  tests::NatsServer server_{{.version = GetParam()}};
  tests::TcpProxy proxy_{server_.port()};
  std::shared_ptr<Registry> mine_;
  std::shared_ptr<Registry> other_;
};

}  // namespace aether::nats
