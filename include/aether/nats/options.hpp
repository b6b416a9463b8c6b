// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/error.hpp"
#include "aether/core/log.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace aether::nats {

/// TLS is used when a URL begins with "tls://", when anything here is set, and when the server
/// demands it.
struct TlsOptions {
  bool required = false;    ///< refuse a server without TLS
  std::string ca_file{};    ///< whom to trust; empty: the system's certificate authorities
  std::string cert_file{};  ///< our own certificate, together with `key_file`
  std::string key_file{};
  std::string hostname{};  ///< what the server's certificate must name; empty: the URL's host
  bool verify = true;      ///< false trusts anybody: for experiments only

  friend bool operator==(const TlsOptions&, const TlsOptions&) = default;
};

struct ReconnectOptions {
  static constexpr int kForEver = -1;
  int max_attempts = kForEver;          ///< at each server; then the connection is closed
  std::chrono::milliseconds wait{250};  ///< after all servers were tried
  std::chrono::milliseconds jitter{100};

  friend bool operator==(const ReconnectOptions&, const ReconnectOptions&) = default;
};

/// How to reach a NATS server, and as whom. One way to log in at most: user and password, token,
/// credentials file, or seed file.
struct ConnectOptions {
  /// "nats://host:4222" or "tls://host"; may carry "user:password@" or "token@". Any server of one
  /// cluster; the others are learnt from it.
  std::vector<std::string> urls{"nats://127.0.0.1:4222"};

  std::string user{};
  std::string password{};
  std::string token{};
  std::string credentials_file{};  ///< a user's JWT and seed, as `nsc` writes it
  std::string nkey_seed_file{};

  TlsOptions tls{};

  /// Replies come on subjects below it: one that the user may subscribe to. Tokens of
  /// `[A-Za-z0-9_-]` joined by '.'.
  std::string inbox_prefix = "_INBOX";
  std::string name = "aether";  ///< how the server's monitoring calls this connection

  std::chrono::milliseconds connect_timeout{2'000};  ///< to each server, and again at each try
  std::chrono::milliseconds request_timeout{5'000};  ///< where a call does not say
  /// A server that takes no bytes for so long is given up, and connected to anew.
  std::chrono::milliseconds write_timeout{5'000};
  /// A server that answers no ping for three of these is given up.
  std::chrono::milliseconds ping_interval{10'000};
  ReconnectOptions reconnect{};

  /// False gathers messages for about a millisecond: fewer system calls, and a millisecond more
  /// for each reply that somebody waits for.
  bool send_asap = true;

  LogSink log{};
};

/// Options from URLs separated by commas: "nats://user:password@host:4222,tls://other". User and
/// password are percent-decoded; they must be the same wherever they are given. Errors:
/// `invalid_argument`, `unsupported` (websockets). No message ever holds a password or a token.
[[nodiscard]] Result<ConnectOptions> parse_url(std::string_view urls);

/// Options from a context of the `nats` tools, which is only read:
/// `$XDG_CONFIG_HOME/nats/context/NAME.json`, by default below `~/.config`. Without a name: the one
/// that `nats context select` has chosen. Errors: `not_found`, `permission_denied`,
/// `invalid_argument` (no context is chosen; not JSON), `unsupported` (it has a setting, named in
/// the message, that would have to be ignored).
[[nodiscard]] Result<ConnectOptions> load_context(std::string_view name = {});

}  // namespace aether::nats
