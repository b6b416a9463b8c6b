// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/error.hpp"
#include "aether/core/names.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace aether {

/// A namespace on NATS, as a URL names it:
///
///     nats://[USER:PASSWORD@|TOKEN@]HOST[:PORT][,HOST[:PORT]]…/NAMESPACE   tls:// for TLS
///     nats:[CONTEXT/]NAMESPACE                        by a context of the `nats` tools
///
/// with `?SETTING=VALUE&…` behind it, where a value may be percent-encoded: `creds`, `nkey`, `ca`,
/// `cert` and `key` name files, as they do in a context; `inbox` is what the subjects of replies
/// begin with; `replicas`, `max_age` and `broadcast` are what the stream is made with, or must
/// have.
struct NatsUrl {
  std::string servers{};  ///< for `nats::parse_url`, maybe with a login; "": the context's
  std::string context{};  ///< where there are no servers; "": the selected one
  Namespace name_space;

  std::string credentials_file{};
  std::string nkey_seed_file{};
  std::string ca_file{};
  std::string cert_file{};
  std::string key_file{};
  std::string inbox_prefix{};  ///< "": the context's, or the usual one

  std::optional<unsigned> replicas{};
  std::optional<std::chrono::seconds> max_age{};  ///< 0: for ever
  std::optional<bool> broadcast{};                ///< what is stored is published on the bus, too

  friend bool operator==(const NatsUrl&, const NatsUrl&) = default;
};

/// Which store: "memory:", "sqlite:PATH", or a `NatsUrl`.
struct StoreUrl {
  enum class Kind { memory, sqlite, nats };

  Kind kind = Kind::memory;
  std::string path{};             ///< of the database file
  std::optional<NatsUrl> nats{};  ///< where `kind` says so

  friend bool operator==(const StoreUrl&, const StoreUrl&) = default;
};

/// `invalid_argument` says what to write instead. No message holds a password or a token.
[[nodiscard]] Result<StoreUrl> parse_store_url(std::string_view text);

/// A store's URL as it may be shown: quoted, safe to print, and without what may be a login.
[[nodiscard]] std::string shown_url(std::string_view text);

}  // namespace aether
