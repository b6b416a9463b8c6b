// SPDX-License-Identifier: Apache-2.0
//
// The contract of event stores, on real servers: the oldest and the newest, alone and as a cluster.
// chosen_servers.hpp says which.

#include "aether/nats/store.hpp"
#include "aether/testing/event_store_suite.hpp"
#include "nats/chosen_servers.hpp"
#include "nats/session.hpp"
#include "nats/stream_config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

namespace aether::tests {
namespace {

/// A namespace of its own for each test.
class Harness final : public testing::EventStoreHarness {
 public:
  explicit Harness(const Clock& clock) : ns_(take_namespace()) {
    options_.clock = &clock;
    reopen();
  }

  // Many idle streams keep three servers busy.
  ~Harness() override {
    store_.reset();
    nats::Transport& transport = nats::Session::of(*connection_).transport();
    EXPECT_TRUE(
        transport.publish({.subject = "$JS.API.STREAM.DELETE." + nats::event_stream_name(ns_)}));
    EXPECT_TRUE(transport.flush(std::chrono::seconds(30)));
  }
  Harness(const Harness&) = delete;
  Harness& operator=(const Harness&) = delete;

  EventStore& store() override { return *store_; }

  bool reopen() override {
    store_.reset();
    connection_ = connect();
    store_ = open_store(connection_, ns_, options_);
    return true;
  }

 private:
  Namespace ns_;
  nats::StoreOptions options_;
  std::shared_ptr<nats::Connection> connection_;
  std::unique_ptr<nats::Store> store_;
};

const bool kRegistered = testing::register_event_store_suite(
    "JetStream", [](const Clock& clock) { return std::make_unique<Harness>(clock); },
    {.several_actors = chosen_version() == ServerVersion::v2_15});

// Their replicas may differ after a leader died: script/nats-test shows it on 2.9.10.
TEST(JetStreamReplicas, OfOldServersAreWarnedOf) {
  std::string warnings;
  nats::StoreOptions options;
  options.log = [&](LogLevel level, std::string_view message) {
    if (level == LogLevel::warning) warnings += message;
  };

  const auto store = open_store(connect(), take_namespace(), options);

  if (chosen_version() == ServerVersion::v2_9 && servers().replicas() > 1) {
    EXPECT_THAT(warnings, ::testing::HasSubstr("below 2.11"));
  } else {
    EXPECT_EQ(warnings, "");
  }
}

}  // namespace
}  // namespace aether::tests
