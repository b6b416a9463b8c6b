// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/cluster/registry.hpp"
#include "aether/core/log.hpp"
#include "aether/core/names.hpp"
#include "aether/nats/connection.hpp"

#include <chrono>
#include <memory>
#include <optional>

namespace aether::nats {

struct RegistryOptions {
  std::optional<unsigned> replicas{};         ///< 1, 3 or 5; a new one has 1
  bool create = true;                         ///< where there is none; false: `not_found`
  std::chrono::milliseconds timeout{10'000};  ///< of opening
  /// Told why a watch begins anew, and what is wrong with the stream.
  LogSink log{};
};

/// What the nodes of a namespace's cluster agree through, in a key-value bucket of JetStream, which
/// `nats kv` reads: "aether-cluster-orders". In its name '.' is written "__", and '_' is "_-".
///
/// A put is stored only if the key's revision is the expected one, with one server or three, old or
/// new; a lost answer is made up for by reading. It waits for no connection: without one it is
/// `unavailable` at once.
///
/// All watches share one consumer at the server. Whether it has missed something is seen by its
/// numbers, by its silence, and by what the leader says the last revision is. Keys that are none
/// (`check_registry_key`) are passed over; values are delivered as they are, whoever wrote them.
///
/// Completions and watchers run on one thread of the registry. It keeps the connection.
///
/// Errors: `not_found` (no bucket, and none is to be made), `invalid_argument` (the namespace is
/// too long; there is a stream of that name whose values could vanish, or with other replicas),
/// `permission_denied`, `unsupported` (no JetStream), `unavailable`.
[[nodiscard]] Result<std::shared_ptr<Registry>> open_registry(
    std::shared_ptr<Connection> connection, const Namespace& ns,
    const RegistryOptions& options = {});

}  // namespace aether::nats
