// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/chain_hash.hpp"
#include "aether/core/error.hpp"
#include "aether/core/version.hpp"
#include "aether/store/event_store.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace aether {

/// A store's whole content up to a position in one line, short enough to print and keep elsewhere.
///
/// An audit chain cannot show that its end was cut off, nor that a whole actor was added or
/// removed. A digest that was kept out of reach of whoever can change the store can: see `verify`.
struct Digest {
  Position position = 0;   ///< of the last event it covers; 0: an empty store
  Version version = 0;     ///< of that event
  std::string actor_id{};  ///< of that event
  Hash root{};  ///< SHA-256("aether-digest-1" ‖ each actor's field(id) ‖ version ‖ hash),
                ///< actors in the order of their ids' bytes, encoded as in core/chain.hpp

  friend bool operator==(const Digest&, const Digest&) = default;
};

/// "aether-digest-1:<position>:<root>:<version>:<actor id as a subject token>"
[[nodiscard]] std::string format_digest(const Digest& digest);
[[nodiscard]] Result<Digest> parse_digest(std::string_view text);

/// One thing that `verify` found.
struct Finding {
  std::string actor_id{};  ///< "" where it concerns no single actor
  Version version = 0;     ///< 0 where it is not known
  Position position = 0;   ///< 0 where it is not known
  std::string what{};      ///< a sentence

  friend bool operator==(const Finding&, const Finding&) = default;
};

/// An actor whose first events the store's retention has removed: its history is there from
/// `version` on. Its first event is taken as it is, for what its hash was made from is gone.
struct Shortened {
  std::string actor_id{};
  Version version = 0;
  Position position = 0;  ///< of that event

  friend bool operator==(const Shortened&, const Shortened&) = default;
};

struct AuditReport {
  std::uint64_t events = 0;
  std::uint64_t actors = 0;
  bool chained = false;             ///< whether the store keeps an audit chain
  std::vector<Finding> findings{};  ///< the first `AuditOptions::max_findings`
  std::uint64_t finding_count = 0;  ///< all of them
  /// What retention has removed is no finding: see `Retaining`.
  std::vector<Shortened> shortened{};  ///< the first `AuditOptions::max_findings`
  std::uint64_t shortened_count = 0;   ///< all of them
  Digest digest{};                     ///< of what is there now
};

struct AuditOptions {
  std::optional<Digest> against{};  ///< an earlier digest of the same store, or of a copy
  std::size_t max_findings = 100;
  std::size_t page_size = 1'000;                         ///< events held in memory at a time
  std::function<void(std::uint64_t events)> progress{};  ///< called after each page
  std::stop_token stop{};                                ///< asked after each page: `closed`
};

/// Reads the whole store, recomputes every actor's chain, and says what was changed, removed or
/// moved. Against an earlier digest it also proves that no end was cut off and nothing was added
/// before; retention that has removed all events of an actor which the digest covers makes that
/// impossible, and a finding says so. Memory grows with the number of actors (about 150 bytes
/// each), not of events.
///
/// A finding is not an error: errors are those of `read_all`, and `closed` when stopped.
/// `not_found`: the store ends before the digest's position and so cannot be the one it was taken
/// from is a finding, too.
[[nodiscard]] Result<AuditReport> verify(EventStore& store, const AuditOptions& options = {});

/// The digest of what is stored up to `at`, or of all. `not_found`: the store ends before `at`.
[[nodiscard]] Result<Digest> make_digest(EventStore& store, const AuditOptions& options = {},
                                         std::optional<Position> at = {});

/// A store that can check more than the contract shows: its file, its indexes, its guards. `verify`
/// asks for it.
class Inspectable {
 public:
  virtual ~Inspectable() = default;
  /// Calls `report` for each thing found. `stop` is asked now and then.
  [[nodiscard]] virtual Result<void> inspect(const std::function<void(Finding)>& report,
                                             std::stop_token stop) = 0;
};

/// A store that removes its oldest events by itself, in their order, as its settings say. `verify`
/// asks it what may be missing at the beginning of histories.
class Retaining {
 public:
  virtual ~Retaining() = default;
  /// Retention may have removed any event before this position, by now, and none from it on. 0:
  /// it has removed none.
  [[nodiscard]] virtual Result<Position> retained_from() = 0;
};

}  // namespace aether
