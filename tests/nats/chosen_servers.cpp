// SPDX-License-Identifier: Apache-2.0
#include "nats/chosen_servers.hpp"

#include "nats/nats_cluster.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <deque>
#include <future>
#include <stdexcept>
#include <utility>
#include <vector>

namespace aether::tests {
namespace {

// A commit may have a mebibyte of data, and a snapshot eight, to which a third is added where they
// are not JSON: more than a server takes where nothing is said.
ServerOptions options_for(ServerVersion version) {
  return {.version = version, .config = "max_payload: 12MB\n"};
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

std::string chosen_kind() {
  const char* chosen = std::getenv("AETHER_NATS_SERVERS");  // NOLINT(concurrency-mt-unsafe)
  return chosen == nullptr ? "2.15" : chosen;
}

std::unique_ptr<Servers> start_servers() {
  const ServerVersion version = chosen_version();
  if (chosen_kind().ends_with("-cluster")) return std::make_unique<ThreeServers>(version);
  return std::make_unique<OneServer>(version);
}

/// Namespaces whose streams are there already: three servers of 2.9 need up to a second to agree on
/// a new stream, and then do little else.
class Stock {
 public:
  /// `make_stream` opens a store, which makes its stream.
  explicit Stock(void (*make_stream)(const Namespace& ns)) : make_stream_(make_stream) {
    all().push_back(this);
  }

  static std::vector<Stock*>& all() {
    static std::vector<Stock*> stocks;
    return stocks;
  }

  Namespace take() {
    while (coming_.size() < kAhead) {
      coming_.push_back(std::async(std::launch::async, [this, number = ++last_] {
        Namespace ns = *Namespace::parse("test." + std::to_string(number));
        make_stream_(ns);
        return ns;
      }));
    }
    auto next = std::move(coming_.front());
    coming_.pop_front();  // also where it could not be made: that is said once
    return next.get();
  }

  /// Waits for those that are being made.
  void clear() { coming_.clear(); }

 private:
  static constexpr std::size_t kAhead = 6;

  void (*const make_stream_)(const Namespace& ns);
  int last_ = 0;
  std::deque<std::future<Namespace>> coming_;  // the last member: ends before the others go
};

/// Ends the stocks before the program does: what makes streams uses objects of libraries that are
/// destroyed when `main` has returned.
class StockEnd final : public ::testing::Environment {
 public:
  void TearDown() override {
    for (Stock* stock : Stock::all()) stock->clear();
  }
};
// NOLINTNEXTLINE(cppcoreguidelines-owning-memory): GoogleTest owns it
const auto* const kStockEnd = ::testing::AddGlobalTestEnvironment(new StockEnd);

}  // namespace

ServerVersion chosen_version() {
  return chosen_kind().starts_with("2.9") ? ServerVersion::v2_9 : ServerVersion::v2_15;
}

const Servers& servers() {
  static const std::unique_ptr<Servers> started = start_servers();
  return *started;
}

std::shared_ptr<nats::Connection> connect() {
  auto connection = nats::connect({.urls = servers().urls()});
  if (!connection) throw std::runtime_error(connection.error().message);
  return std::move(*connection);
}

std::unique_ptr<nats::Store> open_store(const std::shared_ptr<nats::Connection>& connection,
                                        const Namespace& ns, nats::StoreOptions options) {
  options.stream.replicas = servers().replicas();
  auto opened = nats::open(connection, ns, options);
  if (!opened) throw std::runtime_error(opened.error().message);
  return std::move(*opened);
}

std::unique_ptr<SnapshotStore> open_snapshot_store(
    const std::shared_ptr<nats::Connection>& connection, const Namespace& ns,
    nats::SnapshotStoreOptions options) {
  options.stream.replicas = servers().replicas();
  auto opened = nats::open_snapshots(connection, ns, options);
  if (!opened) throw std::runtime_error(opened.error().message);
  return std::move(*opened);
}

std::shared_ptr<Registry> open_node_registry(const std::shared_ptr<nats::Connection>& connection,
                                             const Namespace& ns, nats::RegistryOptions options) {
  options.replicas = servers().replicas();
  auto opened = nats::open_registry(connection, ns, options);
  if (!opened) throw std::runtime_error(opened.error().message);
  return std::move(*opened);
}

Namespace take_namespace() {
  servers();  // before the stock, so that they end after it
  static Stock stock([](const Namespace& ns) { static_cast<void>(open_store(connect(), ns)); });
  return stock.take();
}

Namespace take_snapshot_namespace() {
  servers();
  static Stock stock(
      [](const Namespace& ns) { static_cast<void>(open_snapshot_store(connect(), ns)); });
  return stock.take();
}

Namespace take_registry_namespace() {
  servers();
  static Stock stock(
      [](const Namespace& ns) { static_cast<void>(open_node_registry(connect(), ns)); });
  return stock.take();
}

}  // namespace aether::tests
