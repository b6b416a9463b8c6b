// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/error.hpp"
#include "nats/url.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace aether::nats {

/// What a server says of itself to whoever connects, before TLS and before any login.
struct Greeting {
  std::string id;
  std::string name;
  std::string version;  ///< "2.9.10"
  std::int64_t max_payload = 0;
  bool needs_tls = false;
  bool needs_client_certificate = false;
};

/// Connects, listens, and hangs up again: libnats keeps the server's version to itself, and calls
/// a host that does not exist "no server". Errors: `unavailable`, with what the system says.
[[nodiscard]] Result<Greeting> greet(const ServerAddress& address,
                                     std::chrono::milliseconds timeout);

/// The greeting in a server's first line. Errors: `unavailable`.
[[nodiscard]] Result<Greeting> parse_greeting(const ServerAddress& address, std::string_view line);

}  // namespace aether::nats
