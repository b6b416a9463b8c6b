// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/error.hpp"
#include "aether/core/event.hpp"
#include "aether/projection/projection.hpp"

#include <cstdint>
#include <functional>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace aether {

/// How far a projection has come.
struct Checkpoint {
  Position position = 0;  ///< everything up to it is applied, parked or passed over; 0: nothing yet
  /// The last event that was handled, by which a store is known that is another one, or a restored
  /// backup. 0 and "": none yet.
  Position event_position = 0;
  std::string event_id{};

  friend bool operator==(const Checkpoint&, const Checkpoint&) = default;
};

/// An event that could not be applied, or that comes after such a one of its actor. It waits until
/// it is retried or dropped; the event itself stays in the store.
struct ParkedEvent {
  Position position = 0;
  std::string actor_id{};
  Version version = 0;
  std::string event_id{};
  std::string event_type{};
  std::string error{};    ///< "" where it only waits for an earlier one of its actor
  unsigned attempts = 0;  ///< 0: never tried
  Timestamp parked_at{};

  friend bool operator==(const ParkedEvent&, const ParkedEvent&) = default;
};

/// What a read model knows of a projection.
struct ProjectionState {
  Checkpoint checkpoint{};
  std::vector<ParkedEvent> parked{};  ///< in the order of positions
  std::uint64_t revision = 0;         ///< changes with each `apply`, and when all is replaced
  /// Ids of events that were dropped: in a model that is made anew they are passed over.
  std::set<std::string, std::less<>> dropped{};
};

/// One step of a projection.
struct Batch {
  std::uint64_t revision = 0;           ///< of the state that it follows
  std::span<const EventPtr> events{};   ///< to be handled, in order
  std::span<const ParkedEvent> park{};  ///< to be kept as parked; replaces that at its position
  /// Parked no longer, before `park`; of those that are not among `events`, it is kept that they
  /// were dropped, where the model can be made anew.
  std::span<const Position> unpark{};
  Checkpoint reached{};  ///< the new one
};

/// What somebody asked for from outside of the projector: `aether projection`, for example.
struct ProjectionRequests {
  std::vector<std::string> retry{};  ///< actor ids
  std::vector<Position> drop{};
  bool rebuild = false;
  bool handle_dropped = false;  ///< by the rebuild

  friend bool operator==(const ProjectionRequests&, const ProjectionRequests&) = default;
};

/// What events are projected into, together with the checkpoints: what a projector feeds.
///
/// Members may be called from any thread; for one projection one projector calls at a time.
class ReadModel {
 public:
  virtual ~ReadModel() = default;

  /// What is kept of the projection; a new one has nothing yet. `invalid_argument`: it was kept
  /// with another filter or other partitions, or the model wants to be rebuilt first.
  [[nodiscard]] virtual Result<ProjectionState> load(const Projection& projection) = 0;

  /// Handles `batch.events` and keeps the rest of the batch; returns the new revision. All or
  /// nothing where the model can: a model that cannot handles some events again after a crash, and
  /// no other.
  ///
  /// Errors: `version_conflict`: the revision is another one by now; nothing was done, `load`
  /// again. With a position: that event's handler failed, or threw. `unavailable`: the same batch
  /// may succeed later. Without a position, `corrupt`, `permission_denied` and `closed` are of the
  /// model and end the projector; any other is of one of the events, nobody knows which.
  [[nodiscard]] virtual Result<std::uint64_t> apply(const Projection& projection,
                                                    const Batch& batch) = 0;

  /// Asked now and then. It is `apply` that ends requests, together with what it does: an event
  /// that is unparked, or parked again after another attempt, was asked for no longer, nor is, in
  /// the second case, a retry of its actor. Those for a rebuild are of `Rebuildable` models only.
  [[nodiscard]] virtual Result<ProjectionRequests> requests(const Projection& projection);
};

}  // namespace aether
