// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/store/commit.hpp"
#include "aether/store/event_store.hpp"
#include "nats/commit_message.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aether::nats {

using Deadline = std::chrono::steady_clock::time_point;

/// What the next event of an actor builds on.
struct ActorHead {
  Version version = 0;
  std::uint64_t sequence = 0;  ///< of the actor's last message; 0: it has none
  Hash hash{};
};

/// A commit on its way into the stream.
struct Commit final : private History {
  /// The events of one message: a run of one actor's.
  struct Part {
    std::size_t actor = 0;  ///< index into `actors`
    std::size_t first = 0;
    std::size_t count = 0;
    std::optional<std::uint64_t> expected_sequence{};  ///< none: an earlier part is of this actor
    OutgoingCommit message{};

    /// Whether `stored` is this very message. One that an earlier call has stored, with another
    /// timestamp, is not: what comes next builds on that one's hash.
    [[nodiscard]] bool is(const std::vector<EventPtr>& stored) const {
      return stored.back()->hash == message.hash;
    }
  };

  Commit(std::vector<Event> commit_events, std::optional<Version> expected, Deadline until,
         EventStore::Completion completion);

  /// By what is known: the heads, and the ends of the histories where it is a question of a repeat.
  /// Where that is not enough, `lacking` names the actor, and a conflict means nothing yet.
  [[nodiscard]] Result<Judgement> judge();
  /// Makes the messages of an accepted commit, which `stream` takes only if the actors' last
  /// messages still are those it was judged by. `message_ids`: see `AppenderOptions`.
  void make_parts(const Namespace& ns, const std::string& stream, bool message_ids);
  /// Before it is judged anew: versions as they were given, nothing known.
  void forget();
  /// The versions that an actor's events have, should the commit be a repeat.
  struct Versions {
    Version first = 0;
    Version last = 0;
  };
  [[nodiscard]] Versions versions_of(std::size_t actor) const;
  /// For the next question or try.
  [[nodiscard]] std::chrono::milliseconds time_left() const;
  [[nodiscard]] std::size_t index_of(std::string_view actor_id) const;

  std::vector<Event> events;
  const std::optional<Version> expected_version;
  const Deadline deadline;
  EventStore::Completion done;
  std::size_t bytes = 0;
  std::vector<std::string> actors;  ///< each once
  std::size_t blocked = 0;          ///< by so many actors' earlier commits; of `Lanes`
  bool has_begun = false;           ///< of `Lanes`

  /// What is known of an actor.
  struct Known {
    std::optional<ActorHead> head{};
    std::vector<EventPtr> events{};  ///< the end of its history:
    std::optional<Version> from{};   ///< all from this version on; none: it was not asked for
  };
  std::vector<Known> known;            ///< of `actors`
  bool is_fresh = false;               ///< the heads were asked for, and are not remembered ones
  std::optional<std::size_t> lacking;  ///< this actor's history
  std::vector<Part> parts;
  bool maybe_stored = false;             ///< a try of `parts` may have arrived, or may yet arrive
  bool is_only_refused = false;          ///< and all that came as an answer was a refusal
  std::optional<Deadline> gone_since{};  ///< the message that is expected to be the last
  std::chrono::milliseconds pause{2};    ///< before the next try

 private:
  Result<Version> latest_version(std::string_view actor_id) override;
  Result<std::optional<Position>> find(std::string_view actor_id, Version version,
                                       std::string_view id) override;

  std::vector<Version> given_versions_;
};

}  // namespace aether::nats
