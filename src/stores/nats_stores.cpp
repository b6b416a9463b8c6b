// SPDX-License-Identifier: Apache-2.0
#include "aether/nats/connection.hpp"
#include "aether/nats/snapshots.hpp"
#include "aether/nats/store.hpp"
#include "aether/stores/nats.hpp"
#include "stores/kinds.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

namespace aether {

namespace {

class NatsStores final : public Stores {
 public:
  NatsStores(std::shared_ptr<nats::Connection> connection, std::unique_ptr<nats::Store> events,
             nats::SnapshotStoreOptions options)
      : connection_(std::move(connection)),
        events_(std::move(events)),
        options_(std::move(options)) {}

  EventStore& events() override { return *events_; }

  Result<SnapshotStore*> snapshots() override {
    const std::scoped_lock lock(mutex_);
    if (!snapshots_) {
      auto opened = nats::open_snapshots(connection_, events_->name_space(), options_);
      if (!opened) return std::unexpected(std::move(opened.error()));
      snapshots_ = std::move(*opened);
    }
    return snapshots_.get();
  }

 private:
  const std::shared_ptr<nats::Connection> connection_;
  const std::unique_ptr<nats::Store> events_;
  const nats::SnapshotStoreOptions options_;

  std::mutex mutex_;  // guards snapshots_
  std::unique_ptr<SnapshotStore> snapshots_;
};

}  // namespace

Result<nats::ConnectOptions> connect_options(const NatsUrl& url) {
  auto options =
      url.servers.empty() ? nats::load_context(url.context) : nats::parse_url(url.servers);
  if (!options) return options;
  const auto set = [](std::string& target, const std::string& value) {
    if (!value.empty()) target = value;
  };
  set(options->credentials_file, url.credentials_file);
  set(options->nkey_seed_file, url.nkey_seed_file);
  set(options->tls.ca_file, url.ca_file);
  set(options->tls.cert_file, url.cert_file);
  set(options->tls.key_file, url.key_file);
  set(options->inbox_prefix, url.inbox_prefix);
  return options;
}

Result<std::unique_ptr<Stores>> open_nats_stores(const NatsUrl& url, const StoresOptions& options) {
  const auto timeout = std::max(options.timeout, std::chrono::milliseconds(1));
  auto how = connect_options(url);
  if (!how) return std::unexpected(std::move(how.error()));
  how->connect_timeout = std::min(how->connect_timeout, timeout);
  how->log = options.log;
  auto connected = nats::connect(*how);
  if (!connected) return std::unexpected(std::move(connected.error()));

  const bool create = !options.read_only;
  auto events = nats::open(*connected, url.name_space,
                           {.stream = {.max_age = url.max_age,
                                       .replicas = url.replicas,
                                       .broadcast = url.broadcast,
                                       .create = create},
                            .limits = options.limits,
                            .timeout = timeout,
                            .clock = options.clock,
                            .log = options.log});
  if (!events) return std::unexpected(std::move(events.error()));
  return std::make_unique<NatsStores>(
      std::move(*connected), std::move(*events),
      nats::SnapshotStoreOptions{.stream = {.replicas = url.replicas, .create = create},
                                 .timeout = timeout,
                                 .clock = options.clock,
                                 .log = options.log});
}

}  // namespace aether
