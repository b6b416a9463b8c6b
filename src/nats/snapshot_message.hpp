// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/error.hpp"
#include "aether/core/names.hpp"
#include "aether/store/snapshot_store.hpp"
#include "nats/commit_message.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace aether::nats {

/// "aether.snap.<namespace>.<category>.<actor>", as with events.
[[nodiscard]] std::string snapshot_subject(const Namespace& ns, std::string_view actor_id);

/// A message for the snapshots' stream. docs/wire-format.md is the specification.
struct OutgoingSnapshot {
  std::string subject;
  Version version = 0;   ///< 0: what stands in the place of a snapshot that was removed
  std::string checksum;  ///< of the body, in hex
  std::string body{};
};
/// Of a snapshot that is prepared (`prepare_snapshot`).
[[nodiscard]] OutgoingSnapshot encode_snapshot(const Namespace& ns, const Snapshot& snapshot);
[[nodiscard]] OutgoingSnapshot encode_removal(const Namespace& ns, std::string_view actor_id);

/// Nothing where a snapshot was removed. Errors: `corrupt`: what it is that is no snapshot of ours,
/// and where.
[[nodiscard]] Result<std::optional<Snapshot>> decode_snapshot(const Namespace& ns,
                                                              const StoredMessage& message);

/// Whether a newer version of this library may be able to read what this one cannot.
[[nodiscard]] bool has_unknown_format(const StoredMessage& message);

}  // namespace aether::nats
