// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/error.hpp"
#include "aether/core/log.hpp"
#include "aether/sqlite/store.hpp"
#include "aether/store/event_store.hpp"
#include "exit_code.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace aether::cli {

/// Which store, as the user names it: "memory:" or "sqlite:PATH".
struct StoreUrl {
  enum class Kind { memory, sqlite };

  Kind kind = Kind::memory;
  std::string path;  ///< of the database file

  friend bool operator==(const StoreUrl&, const StoreUrl&) = default;
};

/// `invalid_argument` (says what to write instead), or `unsupported` for "nats:".
[[nodiscard]] Result<StoreUrl> parse_store_url(std::string_view text);

/// A store that was opened by its URL.
struct OpenStore {
  std::unique_ptr<EventStore> events;
  sqlite::Store* sqlite = nullptr;  ///< the same store, where it is one
};

/// Errors: those of `parse_store_url` and `sqlite::open`. `log` hears the store's warnings.
[[nodiscard]] std::expected<OpenStore, Failure> open_store(std::string_view url,
                                                           sqlite::Access access, LogSink log);

}  // namespace aether::cli
