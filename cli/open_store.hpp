// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/log.hpp"
#include "aether/sqlite/store.hpp"
#include "aether/store/event_store.hpp"
#include "aether/store/limits.hpp"
#include "aether/stores/url.hpp"
#include "exit_code.hpp"
#include "interruption.hpp"
#include "signals.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace aether::cli {

enum class Access {
  read,
  write,  ///< makes the store where there is none
};

struct OpenOptions {
  const Signals& signals;  ///< end what waits for the network
  Access access = Access::read;
  /// How long to wait for a server to connect to, and for whatever is asked of it.
  std::chrono::milliseconds timeout{10'000};
  LogSink log{};  ///< hears the store's warnings
};

/// A store that was opened by its URL.
struct OpenStore {
  /// Cuts the connection where a signal cannot end the work otherwise. Goes after the store.
  std::unique_ptr<OnInterrupt> on_interrupt{};
  std::unique_ptr<EventStore> events;
  sqlite::Store* sqlite = nullptr;  ///< the same store, where it is one
  std::string identity{};           ///< two with the same are one store; "": there is no other
  /// It takes commits of several actors at once, and stores all commits in the order of the calls.
  bool mixed_commits = true;
  std::size_t max_commit_bytes = Limits{}.max_commit_bytes;
};

/// Errors: those of `parse_store_url`, `sqlite::open`, `nats::connect` and `nats::open`;
/// `unsupported` for NATS in a build without it; `closed` when interrupted.
[[nodiscard]] std::expected<OpenStore, Failure> open_store(std::string_view url,
                                                           const OpenOptions& options);

}  // namespace aether::cli
