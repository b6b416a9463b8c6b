// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/data.hpp"
#include "aether/core/error.hpp"
#include "aether/core/time.hpp"
#include "aether/core/version.hpp"

#include <string>
#include <string_view>

namespace aether {

/// An actor's state at a version: a shortcut for replay, never a source of truth.
struct Snapshot {
  std::string actor_id{};
  Version version = 0;                 ///< of the last event that is in it; at least 1
  std::string schema{};                ///< names the state's form ("order/2"); 1 to 255 bytes
  Data data{};                         ///< the state, as the user's codec wrote it
  Timestamp timestamp = kNoTimestamp;  ///< when it was taken; the store's clock when not given

  friend bool operator==(const Snapshot&, const Snapshot&) = default;
};

/// Keeps the newest snapshot of each actor.
///
/// All members may be called from any thread at any time.
class SnapshotStore {
 public:
  virtual ~SnapshotStore() = default;

  /// Replaces the snapshot of `snapshot.actor_id`, unless a newer version is stored already: then
  /// nothing changes, and that is no error. The same version is replaced (a new schema).
  /// Errors: `invalid_argument`, `too_large`, `permission_denied`, `unavailable`,
  /// `outcome_unknown`.
  [[nodiscard]] virtual Result<void> save(Snapshot snapshot) = 0;

  /// Errors: `not_found`; `corrupt` where the stored bytes do not match their checksum.
  [[nodiscard]] virtual Result<Snapshot> load(std::string_view actor_id) = 0;

  /// Forgets the actor's snapshot, if there is one. The events stay.
  [[nodiscard]] virtual Result<void> remove(std::string_view actor_id) = 0;
};

/// Checks a snapshot by the rules above and gives it a timestamp. For those who write a store.
[[nodiscard]] Result<void> prepare_snapshot(Snapshot& snapshot, std::size_t max_bytes,
                                            const Clock& clock);

/// The largest state that a snapshot store takes unless its options say otherwise, in bytes.
inline constexpr std::size_t kDefaultMaxSnapshotBytes = std::size_t{8} * 1024 * 1024;

}  // namespace aether
