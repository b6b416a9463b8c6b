// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/nats/connection.hpp"
#include "nats/requests.hpp"
#include "nats/transport.hpp"

#include <memory>
#include <mutex>
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

  /// A second connection, which gathers messages: for those who send many at a time
  /// (`Requests::Options::bulk`). Made when first asked for; null where the first one gathers, or
  /// where no second one is to be had.
  [[nodiscard]] Transport* bulk() {
    if (!options_.send_asap) return nullptr;
    const std::scoped_lock lock(mutex_);
    if (bulk_ == nullptr && !is_closed_) {
      ConnectOptions options = options_;
      options.send_asap = false;
      auto made = Transport::connect(options);
      if (made) {
        bulk_ = std::move(*made);
      } else if (options_.log) {
        options_.log(
            LogLevel::warning,
            "There is no second connection, for many messages at once: " + made.error().message);
      }
    }
    return bulk_.get();
  }

  [[nodiscard]] ConnectionStatus status() const override { return transport_->status(); }
  [[nodiscard]] Result<ServerInfo> server() override { return transport_->server(); }
  [[nodiscard]] std::int64_t max_payload() const override { return transport_->max_payload(); }
  [[nodiscard]] Statistics statistics() const override {
    Statistics all = transport_->statistics();
    const std::scoped_lock lock(mutex_);
    if (bulk_ != nullptr) {
      const Statistics more = bulk_->statistics();
      all.messages_out += more.messages_out;
      all.bytes_out += more.bytes_out;
    }
    return all;
  }
  void close() override {
    requests_->close();
    transport_->close();
    std::unique_lock lock(mutex_);
    is_closed_ = true;
    Transport* const bulk = bulk_.get();
    lock.unlock();
    if (bulk != nullptr) bulk->close();
  }

 private:
  const ConnectOptions options_;
  const std::unique_ptr<Transport> transport_;
  mutable std::mutex mutex_;  // guards is_closed_, and the making of bulk_
  bool is_closed_ = false;
  std::unique_ptr<Transport> bulk_;
  const std::unique_ptr<Requests> requests_;
};

}  // namespace aether::nats
