// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/error.hpp"
#include "nats_url.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace aether::cli {

/// Which store, as the user names it: "memory:", "sqlite:PATH", or a `NatsUrl`.
struct StoreUrl {
  enum class Kind { memory, sqlite, nats };

  Kind kind = Kind::memory;
  std::string path{};             ///< of the database file
  std::optional<NatsUrl> nats{};  ///< where `kind` says so

  friend bool operator==(const StoreUrl&, const StoreUrl&) = default;
};

/// `invalid_argument` says what to write instead. No message holds a password or a token.
[[nodiscard]] Result<StoreUrl> parse_store_url(std::string_view text);

}  // namespace aether::cli
