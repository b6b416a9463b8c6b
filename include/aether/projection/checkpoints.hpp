// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/log.hpp"
#include "aether/projection/read_model.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace aether {

/// A checkpoint as it is kept outside of a read model.
struct CheckpointRecord {
  std::string filter{};          ///< `format_filter` of the projection
  std::uint32_t partitions = 1;  ///< in how many of them the projection is kept
  Checkpoint checkpoint{};
  std::vector<ParkedEvent> parked{};

  friend bool operator==(const CheckpointRecord&, const CheckpointRecord&) = default;
};

/// A few lines of text, to be read by people, too; the last one is a SHA-256 over those before.
[[nodiscard]] std::string format_checkpoint(const CheckpointRecord& record);

/// `corrupt`: not such a text, or not all of it.
[[nodiscard]] Result<CheckpointRecord> parse_checkpoint(std::string_view text);

/// Keeps checkpoints, each under its `projection_key`, for read models that cannot do it
/// themselves. Of a projection in several partitions there is one under its name, too: it says how
/// many they are.
///
/// All members may be called from any thread at any time.
class CheckpointStore {
 public:
  virtual ~CheckpointStore() = default;

  /// Nothing: none was ever saved. `corrupt`: what is there is damaged, or is no checkpoint; it is
  /// never taken for nothing, for then everything would be projected again.
  [[nodiscard]] virtual Result<std::optional<CheckpointRecord>> load(std::string_view key) = 0;

  /// Replaces what is there, all of it or nothing, and returns when it is kept for good.
  [[nodiscard]] virtual Result<void> save(std::string_view key, const CheckpointRecord& record) = 0;
};

/// One file a checkpoint in the folder `folder`, "<key as a subject token>.checkpoint": written
/// beside, synced, renamed, and the folder synced. `not_found`: there is no such folder;
/// `invalid_argument`: it is none; `permission_denied`.
[[nodiscard]] Result<std::unique_ptr<CheckpointStore>> open_file_checkpoints(
    const std::string& folder);

/// Gone with the process: for tests, and for read models that are, too.
[[nodiscard]] std::unique_ptr<CheckpointStore> make_memory_checkpoints();

/// Handles one event. An error, or what it throws, is the event's; `unavailable` is tried again
/// for as long as it takes.
using ProjectionHandler = std::function<Result<void>(const EventPtr&)>;

/// A read model anywhere: a handler, and checkpoints beside it. After a crash events are handled
/// again from the checkpoint on (at least once), in order and with the same positions: a handler
/// that remembers the position of the last event of each actor can tell them. One event is never
/// passed over.
///
/// `checkpoints` must outlive it. The handler is called by one thread at a time.
[[nodiscard]] std::unique_ptr<ReadModel> make_read_model(ProjectionHandler handler,
                                                         CheckpointStore& checkpoints);

}  // namespace aether
