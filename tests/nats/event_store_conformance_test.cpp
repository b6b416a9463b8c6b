// SPDX-License-Identifier: Apache-2.0
//
// The contract of event stores, on real servers: the oldest and the newest, alone and as a cluster.
// AETHER_NATS_SERVERS chooses: "2.9", "2.15", "2.9-cluster", "2.15-cluster".

#include "aether/nats/store.hpp"
#include "aether/testing/event_store_suite.hpp"
#include "nats/nats_cluster.hpp"
#include "nats/nats_server.hpp"
#include "nats/session.hpp"
#include "nats/stream_config.hpp"
#include "testing/matchers.hpp"
#include "testing/waiting.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <barrier>
#include <chrono>
#include <cstdlib>
#include <deque>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace aether::tests {
namespace {

/// The servers of the whole run.
class Servers {
 public:
  virtual ~Servers() = default;
  [[nodiscard]] virtual std::vector<std::string> urls() const = 0;
  [[nodiscard]] virtual unsigned replicas() const = 0;
};

// A commit may have a mebibyte of data, to which its envelope adds: more than a server takes
// where nothing is said.
ServerOptions options_for(ServerVersion version) {
  return {.version = version, .config = "max_payload: 8MB\n"};
}

class OneServer final : public Servers {
 public:
  explicit OneServer(ServerVersion version) : server_(options_for(version)) {}
  [[nodiscard]] std::vector<std::string> urls() const override { return {server_.url()}; }
  [[nodiscard]] unsigned replicas() const override { return 1; }

 private:
  NatsServer server_;
};

class ThreeServers final : public Servers {
 public:
  explicit ThreeServers(ServerVersion version) : cluster_(options_for(version)) {}
  [[nodiscard]] std::vector<std::string> urls() const override { return cluster_.urls(); }
  [[nodiscard]] unsigned replicas() const override { return kClusterSize; }

 private:
  NatsCluster cluster_;
};

std::unique_ptr<Servers> start_servers() {
  const char* chosen = std::getenv("AETHER_NATS_SERVERS");
  const std::string kind = chosen == nullptr ? "2.15" : chosen;
  const auto version = kind.starts_with("2.9") ? ServerVersion::v2_9 : ServerVersion::v2_15;
  if (kind.ends_with("-cluster")) return std::make_unique<ThreeServers>(version);
  return std::make_unique<OneServer>(version);
}

const Servers& servers() {
  static const std::unique_ptr<Servers> started = start_servers();
  return *started;
}

bool has_atomic_batches() {
  const char* chosen = std::getenv("AETHER_NATS_SERVERS");
  return chosen == nullptr || !std::string(chosen).starts_with("2.9");
}

std::shared_ptr<nats::Connection> connect() {
  auto connection = nats::connect({.urls = servers().urls()});
  if (!connection) throw std::runtime_error(connection.error().message);
  return std::move(*connection);
}

std::unique_ptr<nats::Store> open_store(const std::shared_ptr<nats::Connection>& connection,
                                        const Namespace& ns, nats::StoreOptions options = {}) {
  options.stream.replicas = servers().replicas();
  auto opened = nats::open(connection, ns, options);
  if (!opened) throw std::runtime_error(opened.error().message);
  return std::move(*opened);
}

/// Namespaces whose streams are there already: three servers of 2.9 need up to a second to agree on
/// a new stream, and then do little else.
class Stock {
 public:
  Namespace take() {
    while (coming_.size() < kAhead) {
      coming_.push_back(std::async(std::launch::async, [number = ++last_] {
        Namespace ns = *Namespace::parse("test." + std::to_string(number));
        open_store(connect(), ns);
        return ns;
      }));
    }
    Namespace ns = coming_.front().get();
    coming_.pop_front();
    return ns;
  }

 private:
  static constexpr std::size_t kAhead = 6;

  std::deque<std::future<Namespace>> coming_;
  int last_ = 0;
};

Namespace take_namespace() {
  servers();  // before the stock, so that they end after it
  static Stock stock;
  return stock.take();
}

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
    {.several_actors = has_atomic_batches()});

// The suite races through one store, which puts its own appends in a row. Here the server decides.
TEST(JetStreamContention, OneWriterWinsEachRound) {
  constexpr std::size_t kWriters = 4;
  constexpr std::size_t kRounds = 200;
  const Namespace ns = take_namespace();
  const auto first = open_store(connect(), ns);
  const auto second = open_store(connect(), ns);
  std::vector<std::vector<Result<Appended>>> results(kRounds,
                                                     std::vector<Result<Appended>>(kWriters));
  const auto id_of = [](std::size_t round, std::size_t writer) {
    return std::to_string(round) + "/" + std::to_string(writer);
  };

  std::barrier<> together(kWriters);
  testing::run_together(kWriters, [&](std::size_t writer) {
    nats::Store& store = writer % 2 == 0 ? *first : *second;
    for (std::size_t round = 0; round < kRounds; ++round) {
      together.arrive_and_wait();
      results[round][writer] = store.append({.id = id_of(round, writer),
                                             .event_type = "Raced",
                                             .actor_id = "order-1",
                                             .version = round + 1});
    }
  });

  std::vector<std::string> winners;
  for (std::size_t round = 0; round < kRounds; ++round) {
    for (std::size_t writer = 0; writer < kWriters; ++writer) {
      const Result<Appended>& result = results[round][writer];
      if (result) {
        winners.push_back(id_of(round, writer));
      } else {
        EXPECT_THAT(result, testing::ConflictsAt(round + 1));
      }
    }
    ASSERT_EQ(winners.size(), round + 1) << "winners up to round " << round;
  }
  const auto stored = second->read("order-1");
  ASSERT_THAT(stored, testing::Succeeds());
  std::vector<std::string> stored_ids;
  for (const EventPtr& event : *stored) stored_ids.push_back(event->id);
  EXPECT_EQ(stored_ids, winners);
}

}  // namespace
}  // namespace aether::tests
