// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/time.hpp"
#include "aether/projection/projector.hpp"
#include "aether/projection/read_model.hpp"
#include "aether/store/event_store.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace aether {

/// What a feeder tells of, and asks, while it works.
class FeedObserver {
 public:
  virtual ~FeedObserver() = default;
  /// The checkpoint may be one before what was told last.
  virtual void loaded(const ProjectionState& state) = 0;
  virtual void applied(const ProjectionState& state, std::size_t events) = 0;
  /// The list is another one now. Called before `loaded` and `applied`.
  virtual void parked(const std::vector<ParkedEvent>& events) = 0;
  /// Waits before the next attempt, and may call `retry` and `drop` meanwhile. An error: there is
  /// to be none.
  [[nodiscard]] virtual Result<void> pause(const Error& error, std::chrono::milliseconds time) = 0;
  virtual void say(LogLevel level, const std::string& message) = 0;
};

/// Brings events into a read model, one step after the other: tries again what may succeed later,
/// finds the event that a step fails of, and parks it and what comes after it of its actor.
///
/// Used by one thread.
class Feeder {
 public:
  Feeder(ReadModel& model, Projection projection, const ProjectorOptions& options,
         const Clock& clock, FeedObserver& observer);

  /// What the model knows; to be called first, and after a `version_conflict`.
  [[nodiscard]] Result<void> load();
  [[nodiscard]] const ProjectionState& state() const { return state_; }

  /// Returns when all events are applied or parked. `version_conflict`: `load`, and begin from
  /// there; that of the observer's `pause`; any other error is the end.
  [[nodiscard]] Result<void> feed(std::span<const EventPtr> events);

  /// Keeps that everything up to there was passed over. Errors as `feed`, and `unavailable`.
  [[nodiscard]] Result<void> pass(Position position);

  /// As `Projector` says.
  [[nodiscard]] Result<void> retry(EventStore& store, std::string_view actor_id);
  [[nodiscard]] Result<void> drop(Position position);

 private:
  using Part = std::span<const EventPtr>;
  enum class Verdict { again, one_event, over };

  [[nodiscard]] Result<void> attempt(Part part);
  [[nodiscard]] Result<void> apply(const Batch& batch);
  [[nodiscard]] Verdict judge(const Error& error) const;
  void divide(Part part, const Error& error);
  void give_up(const EventPtr& event, const Error& error, unsigned attempts);
  void learn_parked();
  [[nodiscard]] ParkedEvent parked_event(const EventPtr& event) const;
  [[nodiscard]] Result<void> retry_one(EventStore& store, const ParkedEvent& parked);
  [[nodiscard]] Result<void> apply_parked(const EventPtr& event);

  ReadModel& model_;
  Projection projection_;
  const ProjectorOptions& options_;
  const Clock& clock_;
  FeedObserver& observer_;
  ProjectionState state_;
  std::set<std::string, std::less<>> parked_actors_;
  std::vector<Part> todo_;                    // of the events being fed; the last is the next
  std::map<Position, unsigned> failures_;     // of single events, among those being fed
  std::map<Position, ParkedEvent> given_up_;  // to be parked by the next attempt
};

}  // namespace aether
