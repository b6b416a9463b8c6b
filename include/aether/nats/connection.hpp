// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/error.hpp"
#include "aether/nats/options.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace aether::nats {

enum class ConnectionStatus {
  connected,
  reconnecting,  ///< nothing can be sent; what was in flight has an unknown outcome
  closed,        ///< for good: connect anew
};

struct ServerInfo {
  std::string name;
  std::string version;  ///< "2.9.10"
  std::string url;      ///< without a login

  friend bool operator==(const ServerInfo&, const ServerInfo&) = default;
};

/// Since `connect`.
struct Statistics {
  std::uint64_t reconnects = 0;
  std::uint64_t messages_in = 0;
  std::uint64_t bytes_in = 0;  ///< of data
  std::uint64_t messages_out = 0;
  std::uint64_t bytes_out = 0;
};

/// A connection to a NATS cluster, for the stores and buses that are made with it. When it is lost
/// it is made anew, to any server of the cluster, as `ReconnectOptions` say. It is closed for good
/// when they are used up, when a server refuses the login twice, and when a server ends it with a
/// complaint, which is logged.
///
/// All members may be called from any thread.
class Connection {
 public:
  virtual ~Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  [[nodiscard]] virtual ConnectionStatus status() const = 0;

  /// The server that it is connected to now, or was last. Asks that server when it is a new one,
  /// for as long as the connect timeout. Errors: `unavailable`, `closed`.
  [[nodiscard]] virtual Result<ServerInfo> server() = 0;

  /// The largest message that the server takes, headers and data, in bytes.
  [[nodiscard]] virtual std::int64_t max_payload() const = 0;

  [[nodiscard]] virtual Statistics statistics() const = 0;

  /// What waits for a reply ends with `outcome_unknown`, what comes later with `closed`.
  /// Idempotent; the destructor does it too.
  virtual void close() = 0;

 private:
  friend class Session;  // the only kind there is: what else uses NATS finds the wire in it
  Connection() = default;
};

/// Connects to the first server that answers.
///
/// Errors: `permission_denied` (the server refuses the login; a file may not be read), `not_found`
/// (a file), `invalid_argument` (the options; a malformed file; TLS that is not to be had, or a
/// certificate that is not trusted), `unsupported`, `unavailable` (no server answers; the message
/// says what was wrong with each).
[[nodiscard]] Result<std::shared_ptr<Connection>> connect(const ConnectOptions& options);

}  // namespace aether::nats
