// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/log.hpp"
#include "aether/core/names.hpp"
#include "aether/core/time.hpp"
#include "aether/nats/connection.hpp"
#include "aether/nats/store.hpp"
#include "aether/store/snapshot_store.hpp"

#include <chrono>
#include <cstddef>
#include <memory>

namespace aether::nats {

struct SnapshotStoreOptions {
  /// Of the snapshots' own stream, beside that of the events. In memory is enough where a full
  /// replay is affordable once the server was down.
  StreamOptions stream{};
  std::size_t max_snapshot_bytes = kDefaultMaxSnapshotBytes;
  std::chrono::milliseconds timeout{10'000};  ///< of each call, with its tries
  const Clock* clock = nullptr;               ///< must outlive the store; null: the system's
  LogSink log{};
};

/// Opens the namespace's snapshots in a stream of JetStream, and makes it where there is none.
///
/// Each actor has one message, the last: its snapshot, or the mark that it was removed. A save is
/// conditional on the message by which it was judged, in the server: so a newer version is never
/// replaced by an older one, whoever else saves at the same time. Loading sees all that was saved
/// before, also where replicas are behind.
///
/// What is stored and cannot be read (`corrupt`) is replaced by the next save; only what a newer
/// version of this library may have written is not: `save` is `unsupported` there, `remove` is
/// not. `remove` removes what is there when it begins; what others save meanwhile stays.
///
/// A snapshot's message must fit into the server's `max_payload` (1 MiB, where nothing else is
/// configured), else it is `too_large`: data that is not JSON takes a third more than it has bytes.
/// A full stream (`max_bytes`) is `unavailable`. While the connection is lost, calls wait for it
/// until their timeout. They wait, and so must not be made from the completions of this module.
///
/// Where retention has removed all events of an actor, it may start anew at version 1, and the old
/// snapshot is one of another history: remove it, or keep the events for ever (docs/nats.md).
///
/// Errors: `not_found` (no stream, and none is to be made), `invalid_argument` (the stream is not
/// as `options` say, or no store's), `permission_denied`, `unsupported` (no JetStream),
/// `unavailable`.
[[nodiscard]] Result<std::unique_ptr<SnapshotStore>> open_snapshots(
    std::shared_ptr<Connection> connection, const Namespace& ns,
    const SnapshotStoreOptions& options = {});

}  // namespace aether::nats
