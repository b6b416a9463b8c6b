// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/nats/connection.hpp"
#include "nats/requests.hpp"
#include "nats/transport.hpp"

#include <memory>
#include <utility>

namespace aether::nats {

/// What a `Connection` is inside, for the stores and buses of this module.
class Session final : public Connection {
 public:
  Session(ConnectOptions options, std::unique_ptr<Transport> transport,
          std::unique_ptr<Requests> requests)
      : options_(std::move(options)),
        transport_(std::move(transport)),
        requests_(std::move(requests)) {}

  /// Every connection is a session.
  [[nodiscard]] static Session& of(Connection& connection) {
    return static_cast<Session&>(connection);  // NOLINT: Connection has no other friend
  }

  [[nodiscard]] Transport& transport() { return *transport_; }
  [[nodiscard]] Requests& requests() { return *requests_; }
  [[nodiscard]] const ConnectOptions& options() const { return options_; }

  [[nodiscard]] ConnectionStatus status() const override { return transport_->status(); }
  [[nodiscard]] Result<ServerInfo> server() override { return transport_->server(); }
  [[nodiscard]] std::int64_t max_payload() const override { return transport_->max_payload(); }
  [[nodiscard]] Statistics statistics() const override { return transport_->statistics(); }
  void close() override {
    requests_->close();
    transport_->close();
  }

 private:
  const ConnectOptions options_;
  const std::unique_ptr<Transport> transport_;
  const std::unique_ptr<Requests> requests_;
};

}  // namespace aether::nats
