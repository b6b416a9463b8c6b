// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/log.hpp"
#include "aether/core/names.hpp"
#include "aether/core/time.hpp"
#include "aether/nats/connection.hpp"
#include "aether/store/event_store.hpp"
#include "aether/store/limits.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace aether::nats {

/// A namespace's stream of events, or of snapshots. Where there is none it is made so; where there
/// is one, what is set here must be what it has: a store never changes a stream. What is not set
/// takes what is there.
struct StreamOptions {
  /// What is older than this is removed by the server. Zero keeps it for ever. A new stream keeps
  /// events for `kDefaultRetention`, and snapshots for ever.
  std::optional<std::chrono::seconds> max_age{};
  std::optional<unsigned> replicas{};       ///< 1, 3 or 5; a new stream has 1
  std::optional<bool> in_memory{};          ///< a new stream is in files
  std::optional<std::int64_t> max_bytes{};  ///< a full stream refuses more; new: no limit
  std::optional<bool> compressed{};         ///< S2, from server 2.10; new: not
  /// The server publishes each message again as it stores it, for the subscribers of a bus
  /// (`open_bus`): they see what is stored, all of it and in order. Of events only; new: not.
  std::optional<bool> broadcast{};

  /// Make the stream where there is none. False: `not_found`.
  bool create = true;
};

/// The original's default.
inline constexpr std::chrono::hours kDefaultRetention{24 * 365};

struct StoreOptions {
  StreamOptions stream{};
  Limits limits{};

  /// How many appends are on their way at once, at most; further ones wait. More than 1,024 gains
  /// nothing.
  std::size_t max_in_flight = 1'024;
  /// Appends wait while this many bytes are queued before them.
  std::size_t max_queued_bytes = std::size_t{64} * 1024 * 1024;
  /// How long `append_async` tries, and every read.
  std::chrono::milliseconds timeout{10'000};
  /// How many actors' heads are kept in memory, at most; about 250 bytes each.
  std::size_t head_cache_actors = 100'000;

  const Clock* clock = nullptr;  ///< must outlive the store; null: the system's
  LogSink log{};
};

/// An event store in a stream of NATS JetStream, on servers from 2.9 on.
///
/// A commit of one actor is one message: stored whole or not at all. An append is conditional on
/// the actor's last message, in the server; what a server answers is believed only where it is
/// final, and looked up in the stream where it is not. Commits of several actors need a server
/// from 2.12 on, and are `unsupported` elsewhere.
///
/// Commits of one actor are stored in the order of the calls; those of different actors are on
/// their way at the same time, and their completions come as the server answers.
///
/// A commit's message, which is its events as JSON and some headers, must fit into the server's
/// `max_payload` (1 MiB, where nothing else is configured), else it is `too_large`: data of nearly
/// `Limits::max_commit_bytes` needs a server that takes more.
///
/// While the connection is lost, appends and reads wait for it until their timeout.
class Store : public EventStore {
 public:
  /// Sent with every event's subject: where the events are.
  [[nodiscard]] virtual const Namespace& name_space() const = 0;

  /// The same for two stores only if they are of one stream, by whatever addresses its servers were
  /// named. Those of one stream may differ: where its leader has changed in between. "": not known.
  [[nodiscard]] virtual const std::string& identity() const = 0;
};

/// Opens the namespace's store, and makes its stream where there is none. Waits, up to
/// `StoreOptions::timeout`, for what passes by itself: a connection that is lost, servers that look
/// for a leader.
///
/// Errors: `not_found` (no stream, and none is to be made), `invalid_argument` (the stream is not
/// as `options` say, or no store's), `permission_denied`, `unsupported` (no JetStream),
/// `unavailable`.
[[nodiscard]] Result<std::unique_ptr<Store>> open(std::shared_ptr<Connection> connection,
                                                  const Namespace& ns,
                                                  const StoreOptions& options = {});

}  // namespace aether::nats
