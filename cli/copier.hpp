// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/chain_hash.hpp"
#include "aether/core/version.hpp"
#include "aether/store/event_store.hpp"
#include "exit_code.hpp"
#include "flight.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace aether::cli {

struct CopyOptions {
  /// TO takes commits of several actors, and stores commits in the order of the calls.
  bool mixed_commits = true;
  std::size_t max_commit_bytes = std::size_t{1024} * 1024;  ///< that TO takes
  /// Copy an actor whose first events FROM's retention has removed: with a chain of its own.
  bool new_chains = false;
  std::stop_token stop{};
  /// `done` events of the stage, which has come to `position` of `end`.
  std::function<void(std::string_view stage, std::uint64_t done, Position position, Position end)>
      progress{};
};

struct CopyReport {
  std::uint64_t events = 0;      ///< of FROM, up to `position`
  std::uint64_t actors = 0;      ///< of FROM
  std::uint64_t copied = 0;      ///< acknowledged by TO in this run
  std::uint64_t new_chains = 0;  ///< actors whose chain is another one than in FROM
  std::uint64_t shortened = 0;   ///< actors whose first events TO's retention has removed
  Position position = 0;         ///< FROM's end when it began
};

/// Copies all events of one store into another: with their ids, versions, times, metadata, data,
/// and so with their chains. Each actor's order is kept, and the store's, as far as TO keeps that
/// of the calls.
///
/// What TO has already is found again by the chain: the hash of TO's latest event of an actor
/// stands for all before it. So a copy that was cut short is continued by the next one. An actor
/// that differs is a `version_conflict`, and nothing of it is touched.
///
/// Memory grows with the number of actors (about 250 bytes each), not of events.
class Copier {
 public:
  /// Both stores must outlive it.
  Copier(EventStore& from, EventStore& to, CopyOptions options)
      : from_(from), to_(to), options_(std::move(options)), flight_(to) {}

  /// Copies, and then reads all that is new in TO back. Errors: those of the stores,
  /// `version_conflict` (TO has another history), `corrupt` (a chain of FROM or TO is broken; what
  /// was read back is not what was stored), `unsupported` (an actor's first events are gone, and no
  /// new chains are wanted), `closed` when stopped. They name the actor and the version.
  [[nodiscard]] Result<CopyReport> run();

  /// So far; after an error, too.
  [[nodiscard]] CopyReport report() const;

 private:
  struct Head {
    Version version = 0;
    Hash hash{};
  };
  struct Actor {
    Head from{};                ///< what was read of FROM
    Head to{};                  ///< what TO has, or will have when all in flight has landed
    Head seen{};                ///< what was read of TO
    std::uint64_t commit = 0;   ///< its last one
    bool is_shortened = false;  ///< FROM's retention has removed its first events
    bool is_shortened_there = false;
    bool has_new_chain = false;
    bool is_proven = false;  ///< TO was seen to have `from.hash` at `from.version`
  };
  enum class Side { from, to };

  Result<void> look();
  Result<void> copy();
  Result<void> take(const EventPtr& event);
  Result<void> check_present(const StoredEvent& event, Actor& actor);
  Result<void> link(const StoredEvent& event, Actor& actor, const Head& before);
  Result<void> gather(const EventPtr& event, Actor& actor, Version expected);
  void flush();
  Result<void> land();
  Result<void> check_those_ahead();
  Result<void> read_back();
  Result<void> see(const StoredEvent& event, Actor& actor);

  /// Whether the beginning of a history may be gone by the store's own doing.
  Result<bool> may_be_shortened(Side side);
  Actor& actor_of(const StoredEvent& event);
  template <class Take>
  Result<void> scan(Side side, Position& after, Position end, std::string_view stage, Take take);

  EventStore& from_;
  EventStore& to_;
  CopyOptions options_;
  Flight flight_;
  std::unordered_map<std::string, Actor> actors_;
  std::unordered_map<std::string, Hash> new_chains_;  // of shortened actors: as TO has them anew
  Position to_end_ = 0;                               // when it began
  CopyReport report_;

  // The commit that is being gathered.
  std::vector<Event> events_;
  std::size_t bytes_ = 0;
  Position position_ = 0;  // of its first event in FROM
  Version expected_ = 0;
  Actor* actor_ = nullptr;  // where it is of one actor
};

/// The position of the last event; 0: there is none. Asks the store some hundred times at most.
[[nodiscard]] Result<Position> last_position(EventStore& store);

}  // namespace aether::cli
