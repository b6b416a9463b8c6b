// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/error.hpp"
#include "aether/core/version.hpp"

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace aether::testing {

/// A moment, as a number that grows with each look at it. Two moments of different threads compare
/// as they came.
using Moment = std::uint64_t;

/// What one call did to one actor, or saw of it, and between which moments.
struct Operation {
  struct Place {
    Version version = 0;
    std::string id;

    friend bool operator==(const Place&, const Place&) = default;
  };
  enum class Kind : std::uint8_t {
    accepted,  ///< an append: `places` are now stored, the last of them at `position`
    refused,   ///< an append that conflicted; the actor was at `latest`, `places` have no versions
    unknown,   ///< an append without an outcome: stored all or none
    read,      ///< the actor's events were `places`
  };

  Kind kind = Kind::read;
  std::string actor_id;
  Moment begun = 0;
  Moment ended = 0;
  std::vector<Place> places;
  std::optional<Version> expected;  ///< an append's expected version
  Version latest = 0;               ///< refused: the version that the conflict told
  Position position = 0;            ///< accepted: of the last event
};

/// An actor's events in the end.
struct FinalState {
  std::string actor_id;
  std::vector<Operation::Place> places;
};

/// Whether all that was done and seen can be explained by one order of the operations, in which
/// each takes effect at one moment between its beginning and its end. For an append-only log that
/// order is known, the versions', so that the check takes O(n log n):
///
/// - what was accepted is there, once, under its versions, the commit unbroken, and it followed the
///   version that it expected;
/// - what was refused is not there; nothing is there that nobody appended;
/// - what was read is a prefix of what is there in the end;
/// - nobody sees less than what had been done or seen before he began, and nothing that began only
///   after he had ended; versions and positions grow with time.
///
/// Returns a sentence for each violation found; empty: the history is linearizable.
[[nodiscard]] std::vector<std::string> check_history(const std::vector<Operation>& operations,
                                                     const std::vector<FinalState>& finals);

}  // namespace aether::testing
