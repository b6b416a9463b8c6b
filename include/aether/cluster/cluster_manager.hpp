// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/cluster/lease_options.hpp"
#include "aether/cluster/member.hpp"
#include "aether/cluster/registry.hpp"
#include "aether/cluster/shard_handlers.hpp"
#include "aether/core/log.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aether {

struct ClusterOptions {
  Node node{};              ///< `id`: 1 to 64 of `[A-Za-z0-9_-]`, of this process only
  LeaseOptions lease = {};  ///< the same on all nodes
  std::uint32_t shards = kDefaultShards;  ///< as the cluster has; the first node decides
  std::size_t max_moving = 64;            ///< 1 to 256: shards on their way at a time
  ShardHandlers handlers = {};
  LogSink log = {};
};

/// A node that has joined a cluster: the cluster's view of itself, and the shards that this node
/// owns. All members may be called from any thread, but not within the handlers' calls of it that
/// wait (`stop`, the destructor).
///
/// Owning a shard saves work; it is not what keeps two nodes from writing the same. A node may be
/// paused between a look at `owns` and what it does upon it. Let the store refuse what was decided
/// on an old version: every append says which one it was decided on.
class ClusterManager {
 public:
  /// Where an actor is, as far as is known here.
  struct Place {
    std::string node;
    std::string address;
    ShardId shard = 0;
    std::uint64_t epoch = 0;

    friend bool operator==(const Place&, const Place&) = default;
  };

  /// Joins, and waits for it, which takes up to a ttl when a node of this id has crashed.
  ///
  /// Errors: `invalid_argument` for bad options, or when the cluster has another number of shards;
  /// `version_conflict` when another process with this id is in the cluster; `unavailable` when
  /// `timeout` is over (the message says what it waited for); what the registry says.
  [[nodiscard]] static Result<std::unique_ptr<ClusterManager>> join(
      std::shared_ptr<Registry> registry, ClusterOptions options,
      std::chrono::milliseconds timeout = std::chrono::seconds(15));

  virtual ~ClusterManager() = default;  ///< leaves at once: others learn it as of a crash

  [[nodiscard]] virtual ShardId shard_of(std::string_view actor_id) const = 0;
  /// The epoch at which this node owns the actor's shard now, if it does. Reads the clock: right
  /// after any pause, and when nothing is heard of the registry.
  [[nodiscard]] virtual std::optional<std::uint64_t> owns(std::string_view actor_id) const = 0;
  /// None: nobody owns its shard now, as far as is known here.
  [[nodiscard]] virtual std::optional<Place> where(std::string_view actor_id) const = 0;
  /// Those whose leases hold, by id.
  [[nodiscard]] virtual std::vector<Member> members() const = 0;
  [[nodiscard]] virtual std::optional<std::string> leader() const = 0;
  /// How many shards this node owns.
  [[nodiscard]] virtual std::size_t shards() const = 0;
  /// What the node waits for now, for people; empty: nothing.
  [[nodiscard]] virtual std::string status() const = 0;

  virtual void set_load(double load) = 0;

  /// Leaves in order: its shards go to others as they are drained, then it resigns and says
  /// goodbye. `unavailable` when that was not done within `timeout`; it has left all the same.
  [[nodiscard]] virtual Result<void> stop(
      std::chrono::milliseconds timeout = std::chrono::seconds(30)) = 0;
};

}  // namespace aether
