// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/nats/connection.hpp"
#include "aether/nats/options.hpp"
#include "nats/listeners.hpp"
#include "nats/message.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace aether::nats {

struct Header {
  std::string_view name;
  std::string_view value;
};

/// A message to send. `reply` is where an answer is awaited; empty: nowhere.
struct Outgoing {
  std::string_view subject;
  std::string_view reply{};
  std::span<const Header> headers{};
  std::string_view data{};
};

/// What happens to a connection. Told in order, on a thread of libnats that all connections share:
/// a listener must not block.
struct LinkEvent {
  enum class Kind {
    disconnected,
    reconnected,  ///< perhaps to another server; all subscriptions are there again
    closed,       ///< for good: by us, or `text` says why
    lame_duck,    ///< the server will go soon; the connection will move by itself
    denied,       ///< we may not publish (or subscribe) to `subject`
    slow,         ///< messages of some subscription were dropped: it had too many bytes waiting
    failed,       ///< anything else that the server complains of, in `text`
  };
  Kind kind;
  std::string subject{};
  bool is_subject_cut = false;   ///< it was too long for libnats: this is only its beginning
  bool is_subscription = false;  ///< `denied`: to subscribe; else to publish
  std::string text{};
};

/// All that is asked of libnats. Members may be called from any thread, at any time, also from
/// callbacks. While a connection is being made anew, a call may wait for libnats as long as the
/// connect timeout; `publish` does so only in the moment between the loss and our hearing of it.
class Transport {
 public:
  using MessageHandler = std::move_only_function<void(Message)>;
  using EventListener = std::move_only_function<void(const LinkEvent&)>;

  /// Connects, or says why not; see `aether::nats::connect` for the errors.
  [[nodiscard]] static Result<std::unique_ptr<Transport>> connect(const ConnectOptions& given);

  virtual ~Transport() = default;  ///< closes

  /// Hands the message to the system. Errors, all of which mean that no server has it:
  /// `unavailable` (not connected, or the connection broke), `too_large`, `invalid_argument`,
  /// `unsupported` (a server without headers), `closed`.
  [[nodiscard]] virtual Result<void> publish(const Outgoing& message) = 0;

  /// Calls `handler` with each message, one at a time, on one of the few threads that all
  /// connections of the program share: it must be quick, and neither block nor wait for another
  /// message, which may be behind it. What it does not take waits in memory, up to
  /// `kMaxPendingBytes`. `queue` "" is none. The server says nothing when it refuses; that comes
  /// as an event. Errors: `invalid_argument`, `closed`, `unavailable`.
  [[nodiscard]] virtual Result<std::unique_ptr<Handle>> subscribe(std::string_view pattern,
                                                                  std::string_view queue,
                                                                  MessageHandler handler) = 0;
  static constexpr int kMaxPendingBytes = 512 * 1024 * 1024;

  [[nodiscard]] virtual std::unique_ptr<Handle> listen(EventListener listener) = 0;

  /// Returns when the server has taken all that was sent before. Errors: `unavailable`, `closed`.
  [[nodiscard]] virtual Result<void> flush(std::chrono::milliseconds timeout) = 0;

  [[nodiscard]] virtual ConnectionStatus status() const = 0;
  /// After a `flush`: returns when what the server refused of all that was sent before has been
  /// told to all listeners, or the timeout is over. Not to be called by a listener.
  virtual void settle(std::chrono::milliseconds timeout) const = 0;
  /// How often a server was logged in to, or tried to. It has grown before anything comes over a
  /// new connection: a message handler that sees it grow may have missed what was sent before.
  [[nodiscard]] virtual std::uint64_t logins() const = 0;
  [[nodiscard]] virtual std::int64_t max_payload() const = 0;
  [[nodiscard]] virtual Statistics statistics() const = 0;
  /// May connect once more to ask. Errors: `unavailable`.
  [[nodiscard]] virtual Result<ServerInfo> server() = 0;

  /// Ends all subscriptions. Idempotent.
  virtual void close() = 0;
};

}  // namespace aether::nats
