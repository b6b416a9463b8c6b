// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/names.hpp"
#include "aether/nats/connection.hpp"
#include "aether/projection/checkpoints.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace aether::nats {

struct CheckpointOptions {
  /// The bucket: `[A-Za-z0-9_-]`, 1 to 64 bytes.
  std::string bucket = "aether-checkpoints";
  bool create = true;                         ///< where there is none; false: `not_found`
  std::optional<unsigned> replicas{};         ///< 1, 3 or 5; a new bucket has 1
  std::chrono::milliseconds timeout{10'000};  ///< of each call, with its tries
};

/// Checkpoints in a key-value bucket of JetStream, for read models that cannot keep them: each
/// is one value, "<namespace>.<key as a subject token>", which `nats kv get` prints.
///
/// Loading sees all that was saved before, also where replicas are behind. A save is conditional
/// on what was loaded or saved here last: where another has saved since, it is `version_conflict`,
/// and nothing was changed. One whose outcome is not known is `unavailable`, for saving the same
/// again does no harm. Whoever deletes a key lets its projection begin anew. While the connection
/// is lost, calls wait for it until their timeout.
///
/// Errors: `not_found` (no bucket, and none is to be made), `invalid_argument` (its name; a stream
/// of that name which is no bucket), `permission_denied`, `unsupported` (no JetStream),
/// `unavailable`.
[[nodiscard]] Result<std::unique_ptr<CheckpointStore>> open_checkpoints(
    std::shared_ptr<Connection> connection, const Namespace& ns,
    const CheckpointOptions& options = {});

}  // namespace aether::nats
