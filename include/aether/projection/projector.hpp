// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/log.hpp"
#include "aether/core/time.hpp"
#include "aether/projection/read_model.hpp"
#include "aether/store/event_store.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace aether {

struct ProjectorOptions {
  std::size_t batch = 1'000;     ///< events in one step at most; what is there is taken at once
  std::size_t capacity = 4'000;  ///< events that wait, or 64 MiB; then the subscription waits

  unsigned max_attempts = 5;  ///< of one event, before it is parked
  std::chrono::milliseconds first_retry{100};
  std::chrono::milliseconds last_retry{10'000};  ///< each pause is twice the one before, up to this

  /// More parked events than this end the projector: then it is not the events that are wrong.
  std::size_t max_parked = 1'000;

  /// How often the model is asked for requests, also while a step is tried again, and a checkpoint
  /// saved that only moved over events of others.
  std::chrono::milliseconds look_interval{1'000};

  /// Must outlive the projector; null: the system's. Pauses are measured by it only where it is
  /// given, and looks never: clocks are set, back too.
  const Clock* clock = nullptr;
  LogSink log{};
};

/// How far the rebuild of a read model is.
struct RebuildProgress {
  std::uint64_t events = 0;  ///< handled since it was begun, or gone on with
  Position position = 0;     ///< reached by all of its projections
  Position target = 0;       ///< where the old model stands now; positions are not dense
  /// What a step of the new model failed of, and is tried again after.
  std::optional<Error> retrying{};

  friend bool operator==(const RebuildProgress&, const RebuildProgress&) = default;
};

struct ProjectorStatus {
  enum class State {
    running,
    retrying,  ///< waits out `error`, then tries again
    stopped,   ///< by `stop`
    failed,    ///< ended by itself: `error` says why
  };
  State state = State::running;
  /// Reached: applied, parked or passed over. Goes back where the model was replaced by one that
  /// has not come so far.
  Position position = 0;
  std::optional<Error> error{};              ///< while it retries: what; failed: why
  std::size_t queued = 0;                    ///< events that wait for their step
  std::size_t parked = 0;                    ///< events that are parked now
  std::uint64_t applied = 0;                 ///< events handled, since it was started
  std::uint64_t batches = 0;                 ///< steps that succeeded, since it was started
  std::uint64_t retries = 0;                 ///< steps that failed, since it was started
  std::optional<RebuildProgress> rebuild{};  ///< while this projector rebuilds the model
  std::optional<Error> rebuild_error{};      ///< why the last one that it was asked for has failed
};

/// What a projection has still to do.
struct Lag {
  std::uint64_t events = 0;
  bool at_least = false;             ///< there are more: counting ended at the cap
  std::chrono::nanoseconds time{0};  ///< how old the first of them is; 0: there is none
};

/// Feeds a read model: every event of the projection after its checkpoint, in order, none skipped.
/// Asked for it in the model (`ReadModel::requests`), it also rebuilds the model, where that is
/// `Rebuildable`, on a thread of its own and with `allow_parked` not set. What may pass
/// (`unavailable`) is tried again, `max_attempts` times in all, with the pauses of its options.
///
/// Destroying it stops it. All members may be called from any thread but that of the handler.
class Projector {
 public:
  Projector() = default;
  virtual ~Projector() = default;
  Projector(const Projector&) = delete;
  Projector& operator=(const Projector&) = delete;

  /// Ends after the step that is being done; what was not applied is not lost. Idempotent.
  virtual void stop() = 0;

  [[nodiscard]] virtual ProjectorStatus status() const = 0;

  /// Returns when `position` is reached: a reader of the model then sees what was appended up to
  /// there (unless it was parked). It need not be of an event that the projection sees.
  /// `unavailable`: the time is over; `closed`: the projector was stopped, or its error.
  [[nodiscard]] virtual Result<void> wait_until(Position position,
                                                std::chrono::milliseconds timeout) = 0;

  /// Reads the store to count; stops at `cap` events.
  [[nodiscard]] virtual Result<Lag> lag(std::size_t cap = 10'000) = 0;

  /// As of its last step.
  [[nodiscard]] virtual Result<std::vector<ParkedEvent>> parked() = 0;

  // Both wait for the step, or the attempt at one, that is being made, and not for its success.

  /// Handles the actor's parked events in their order, up to the first that fails again: its error
  /// is returned. When none is left, the actor's events are no longer parked. `not_found`: it has
  /// no parked event.
  [[nodiscard]] virtual Result<void> retry(std::string_view actor_id) = 0;

  /// Gives up a parked event: the handler will not see it any more, nor will a rebuild's, unless
  /// `RebuildOptions::handle_dropped` is set. Those of its actor behind it stay parked until
  /// `retry`. `not_found`: no such event is parked.
  [[nodiscard]] virtual Result<void> drop(Position position) = 0;
};

/// Starts a projector on a thread of its own. `store` and `model` must outlive it.
///
/// Errors: `invalid_argument` (the projection, an option of 0; the model has reached an event that
/// the store does not have: it is another store or a restored backup, and the model must be
/// rebuilt), and those of `ReadModel::load` and `EventStore::subscribe`.
[[nodiscard]] Result<std::unique_ptr<Projector>> start_projector(
    EventStore& store, ReadModel& model, const Projection& projection,
    const ProjectorOptions& options = {});

/// Counts the events after `after`: what `Projector::lag` does, for those who only read.
[[nodiscard]] Result<Lag> measure_lag(EventStore& store, const Projection& projection,
                                      Position after, std::size_t cap, const Clock& clock);

}  // namespace aether
