// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/filter.hpp"
#include "aether/core/version.hpp"
#include "aether/store/event_store.hpp"
#include "console.hpp"
#include "exit_code.hpp"
#include "open_store.hpp"
#include "signals.hpp"

#include <chrono>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace aether::cli {

using Deadline = std::chrono::steady_clock::time_point;

/// What the verbs share. They keep nothing of it.
struct Session {
  const std::string& store_url;
  Console& console;
  const Signals& signals;

  /// For reading.
  [[nodiscard]] std::expected<OpenStore, Failure> open() const;

  /// For writing. Tries again until `timeout` has passed while the store is unavailable, as a
  /// database is while another process writes. Whoever waits at a terminal is told so.
  [[nodiscard]] std::expected<OpenStore, Failure> open_to_write(
      std::chrono::milliseconds timeout) const;
  [[nodiscard]] std::expected<OpenStore, Failure> open_to_write(std::chrono::milliseconds timeout,
                                                                std::string_view url) const;
};

inline constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max();
inline constexpr std::size_t kPageEvents = 200;  ///< how many events a verb holds in memory

/// Appends one event, or with `lines` an envelope from each line of standard input.
struct Append {
  std::string actor_id;
  std::string event_type;
  std::string data = "null";  ///< JSON text, "@FILE", or "-" for standard input
  std::string content_type{};
  std::string id{};
  std::string timestamp{};
  std::vector<std::string> metadata{};  ///< "key=value"
  Version version = 0;
  std::optional<Version> expect{};
  std::chrono::milliseconds timeout{10'000};
  bool lines = false;
};

struct Read {
  std::string actor_id;
  Version from = 1;
  Version to = kMaxVersion;
  std::size_t limit = kNoLimit;
};

struct Tail {
  Filter filter{};
  Position after = 0;
  std::size_t limit = kNoLimit;
  bool follow = false;
};

struct Actors {
  std::string category;
};

struct Verify {
  std::string against;  ///< a digest, or "@FILE"; or ""
  std::size_t limit = 100;
};

struct MakeDigest {
  std::optional<Position> at{};
};

struct Backup {
  std::string file;
};

/// All events of one store into another.
struct Copy {
  std::string from;  ///< URLs
  std::string to;
  std::chrono::milliseconds timeout{10'000};
  bool new_chains = false;
};

/// Looks whether a store is in good health.
struct Doctor {
  std::vector<std::string> monitors{};  ///< URLs of servers' monitoring ports
  std::chrono::milliseconds timeout{5'000};
};

/// The projections that a read model keeps.
struct ListProjections {
  std::string model;  ///< a file
};

/// How far projections are behind the session's store.
struct ProjectionLag {
  std::string model;
  std::string name;  ///< a projection's key; "": all
  std::size_t cap = 10'000;
};

/// Has a read model made anew by the projector that feeds it.
struct RebuildModel {
  std::string model;
  bool handle_dropped = false;
  bool no_wait = false;
};

/// The parked events of a read model; has them retried or dropped by its projector.
struct Parked {
  std::string model;
  std::string name;                  ///< a projection's key; "": all
  std::vector<std::string> retry{};  ///< actor ids
  std::vector<std::string> drop{};   ///< positions
};

/// The nodes of the session's namespace that are there.
struct ClusterMembers {
  std::chrono::milliseconds timeout{10'000};
};

/// Who leads there.
struct ClusterLeader {
  std::string name = "leader";  ///< of the election
  std::chrono::milliseconds timeout{10'000};
};

/// Who comes, goes and leads, from now on.
struct ClusterWatch {
  std::chrono::milliseconds timeout{10'000};
};

/// Who owns which shards there.
struct ClusterShardList {
  std::chrono::milliseconds timeout{10'000};
};

/// Which node owns an actor's shard there.
struct ClusterWhere {
  std::string actor_id;
  std::chrono::milliseconds timeout{10'000};
};

/// Has the leader move all shards away from a node there.
struct ClusterDrain {
  std::string node;
  bool cancel = false;  ///< takes that back
  std::chrono::milliseconds timeout{10'000};
};

struct ShowVersion {};

/// Help that was asked for.
struct ShowText {
  std::string text;
};

using Verb =
    std::variant<ShowText, ShowVersion, Append, Read, Tail, Actors, Verify, MakeDigest, Backup,
                 Copy, Doctor, ListProjections, ProjectionLag, RebuildModel, Parked, ClusterMembers,
                 ClusterLeader, ClusterWatch, ClusterShardList, ClusterWhere, ClusterDrain>;

[[nodiscard]] Outcome run(const ShowText& verb, const Session& session);
[[nodiscard]] Outcome run(const ShowVersion& verb, const Session& session);
[[nodiscard]] Outcome run(const Append& verb, const Session& session);
[[nodiscard]] Outcome run(const Read& verb, const Session& session);
[[nodiscard]] Outcome run(const Tail& verb, const Session& session);
[[nodiscard]] Outcome run(const Actors& verb, const Session& session);
[[nodiscard]] Outcome run(const Verify& verb, const Session& session);
[[nodiscard]] Outcome run(const MakeDigest& verb, const Session& session);
[[nodiscard]] Outcome run(const Backup& verb, const Session& session);
[[nodiscard]] Outcome run(const Doctor& verb, const Session& session);
[[nodiscard]] Outcome run(const Copy& verb, const Session& session);
[[nodiscard]] Outcome run(const ListProjections& verb, const Session& session);
[[nodiscard]] Outcome run(const ProjectionLag& verb, const Session& session);
[[nodiscard]] Outcome run(const RebuildModel& verb, const Session& session);
[[nodiscard]] Outcome run(const Parked& verb, const Session& session);
[[nodiscard]] Outcome run(const ClusterMembers& verb, const Session& session);
[[nodiscard]] Outcome run(const ClusterLeader& verb, const Session& session);
[[nodiscard]] Outcome run(const ClusterWatch& verb, const Session& session);
[[nodiscard]] Outcome run(const ClusterShardList& verb, const Session& session);
[[nodiscard]] Outcome run(const ClusterWhere& verb, const Session& session);
[[nodiscard]] Outcome run(const ClusterDrain& verb, const Session& session);

/// Reads envelopes, one commit a line, from standard input and appends them.
[[nodiscard]] Outcome append_lines(EventStore& store, const Session& session);

}  // namespace aether::cli
