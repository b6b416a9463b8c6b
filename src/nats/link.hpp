// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/log.hpp"
#include "nats/listeners.hpp"
#include "nats/transport.hpp"

#include <nats/nats.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace aether::nats {

struct Counters {
  std::atomic<std::uint64_t> reconnects{0};
  std::atomic<std::uint64_t> messages_in{0};
  std::atomic<std::uint64_t> bytes_in{0};
  std::atomic<std::uint64_t> messages_out{0};
  std::atomic<std::uint64_t> bytes_out{0};
};

/// What we know of a natsConnection without asking it: its lock is held while it connects anew.
///
/// libnats may call back after a connection was closed and even after it was destroyed, so its
/// callbacks get a number under which the link is looked up, and never a pointer.
class Link {
 public:
  /// `token` is what the server is logged in to with; "" for another way.
  [[nodiscard]] static std::shared_ptr<Link> make(LogSink log, std::string token = {});
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  /// Before the connection is made: what happens to it is told from then on.
  [[nodiscard]] natsStatus register_callbacks(natsOptions* options) const;
  /// Learns which server it is connected to.
  void refresh(natsConnection* connection);

  /// What `Transport::logins` says.
  [[nodiscard]] std::uint64_t logins() const { return logins_; }
  [[nodiscard]] ConnectionStatus status() const { return status_; }
  void set_closed() { status_ = ConnectionStatus::closed; }
  [[nodiscard]] std::int64_t max_payload() const { return max_payload_; }
  /// The server's id, and its URL.
  [[nodiscard]] std::pair<std::string, std::string> server() const;
  [[nodiscard]] Counters& counters() { return counters_; }
  [[nodiscard]] Listeners<LinkEvent>& listeners() { return *listeners_; }
  void log(LogLevel level, std::string_view message);
  /// Returns when nothing is being logged; from then on nothing is. News may come late.
  void stop_log() { log_.stop(); }

 private:
  Link(LogSink log, std::string token);

  static const char* on_login(void* key);
  static void on_disconnected(natsConnection* connection, void* key);
  static void on_reconnected(natsConnection* connection, void* key);
  static void on_closed(natsConnection* connection, void* key);
  static void on_lame_duck(natsConnection* connection, void* key);
  static void on_error(natsConnection* connection, natsSubscription* subscription,
                       natsStatus status, void* key);
  void tell(LogLevel level, std::string_view message, const LinkEvent& event);

  Gate<LogLevel, std::string_view> log_;
  const std::string token_;
  std::uintptr_t number_ = 0;
  std::atomic<std::uint64_t> logins_{0};
  // From the beginning: the first news may come before natsConnection_Connect has returned.
  std::atomic<ConnectionStatus> status_{ConnectionStatus::connected};
  std::atomic<std::int64_t> max_payload_{0};
  Counters counters_;
  std::shared_ptr<Listeners<LinkEvent>> listeners_ = std::make_shared<Listeners<LinkEvent>>();
  mutable std::mutex mutex_;  // guards server_id_ and url_
  std::string server_id_;
  std::string url_;
};

/// "Permissions Violation for Publish to "a.b"" as an event.
[[nodiscard]] LinkEvent parse_violation(std::string_view text);

}  // namespace aether::nats
