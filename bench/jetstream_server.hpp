// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/nats/store.hpp"
#include "nats/nats_server.hpp"

#include <memory>
#include <optional>
#include <string>

namespace aether::bench {

/// A nats-server with JetStream for all runs of some rows. What the runs do with it they do in
/// processes of their own.
class JetStreamServer {
 public:
  /// Keeps its files below `folder`.
  JetStreamServer(tests::ServerVersion version, std::string folder)
      : version_(version), folder_(std::move(folder)) {}

  /// In the process that measures, before the first run; again: does nothing.
  [[nodiscard]] Result<void> start();
  [[nodiscard]] std::string url() const { return server_->url(); }
  [[nodiscard]] std::uint16_t port() const { return server_->port(); }

 private:
  tests::ServerVersion version_;
  std::string folder_;
  std::optional<tests::NatsServer> server_;
};

using JetStreamServerPtr = std::shared_ptr<JetStreamServer>;

[[nodiscard]] Result<std::unique_ptr<nats::Store>> open_store(const JetStreamServer& server,
                                                              const Namespace& ns);

/// A stream with the settings that a store gives it, of this run's own, removed with this. For
/// those that are measured beside the store, too.
class FreshStream {
 public:
  [[nodiscard]] static Result<std::unique_ptr<FreshStream>> make(const JetStreamServer& server);
  ~FreshStream();
  FreshStream(const FreshStream&) = delete;
  FreshStream& operator=(const FreshStream&) = delete;

  [[nodiscard]] EventStore& store() { return *store_; }
  [[nodiscard]] std::string subject_of(std::string_view actor_id) const;
  [[nodiscard]] std::string name() const;

 private:
  FreshStream(std::string url, Namespace ns, std::unique_ptr<nats::Store> store)
      : url_(std::move(url)), ns_(std::move(ns)), store_(std::move(store)) {}

  std::string url_;
  Namespace ns_;
  std::unique_ptr<nats::Store> store_;
};

/// "aether=ev=orders" for the namespace "orders".
[[nodiscard]] std::string stream_of(const Namespace& ns);

}  // namespace aether::bench
