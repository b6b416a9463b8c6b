// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/error.hpp"
#include "aether/core/event.hpp"
#include "aether/core/log.hpp"
#include "aether/core/time.hpp"
#include "aether/store/event_store.hpp"
#include "aether/store/limits.hpp"

#include <optional>
#include <span>
#include <string_view>

namespace aether {

// What every event store does the same way. For those who write a store.

/// Checks a commit against the rules for events and `limits`, and completes it: an id and a
/// timestamp where none was given. Nothing here looks at what is stored. A message names the event
/// by its index and the field.
[[nodiscard]] Result<void> prepare_commit(std::span<Event> events, const Limits& limits,
                                          const Clock& clock);

/// What a store knows, asked while a commit is judged. The store must keep it from changing until
/// the commit is stored.
class History {
 public:
  virtual ~History() = default;

  /// 0 for an unknown actor.
  [[nodiscard]] virtual Result<Version> latest_version(std::string_view actor_id) = 0;

  /// Where the event of this actor, version and id is stored; nothing if another event or none is.
  [[nodiscard]] virtual Result<std::optional<Position>> find(std::string_view actor_id,
                                                             Version version,
                                                             std::string_view id) = 0;
};

struct Judgement {
  bool stored_already = false;  ///< a repeat: answer with `version` and `position`, store nothing
  Version version = 0;          ///< of the commit's last event
  Position position = 0;        ///< of the last event of a repeat
};

/// Decides whether a prepared commit is accepted, a repeat, or a `version_conflict`, by the rules
/// of `EventStore::append`, and gives each event its version.
[[nodiscard]] Result<Judgement> judge_commit(std::span<Event> events,
                                             std::optional<Version> expected_version,
                                             History& history);

/// Calls `done`. What it throws is told to `log`, and goes no further.
void complete_append(EventStore::Completion& done, Result<Appended> outcome,
                     const LogSink& log = {});

}  // namespace aether
