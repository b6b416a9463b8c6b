// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/nats/options.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace aether::nats {

/// Where a server listens. `host` is without the brackets of an IPv6 address.
struct ServerAddress {
  std::string host;
  std::uint16_t port = 4222;
  bool tls = false;

  /// "nats://host:4222": never with a login.
  [[nodiscard]] std::string url() const;

  friend bool operator==(const ServerAddress&, const ServerAddress&) = default;
};

/// The address in a URL, whose login is passed over.
[[nodiscard]] Result<ServerAddress> address_of(std::string_view url);

/// Moves logins out of `options.urls` into the fields for them, and checks the URLs.
[[nodiscard]] Result<void> absorb_logins(ConnectOptions& options);

}  // namespace aether::nats
