// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/cluster/shards.hpp"

#include <cstdint>
#include <functional>

namespace aether {

/// What a node does as shards come and go. Called one at a time, on a thread of their own: they may
/// take their time, which delays only each other. None need be set.
struct ShardHandlers {
  /// The shard is this node's, at this epoch, since a moment ago.
  std::function<void(ShardId shard, std::uint64_t epoch)> gained;
  /// The shard is to move to another node: finish what is begun for its actors, then call `done`,
  /// from any thread, within the handler or later. Until then it is this node's, and nobody else
  /// gets it; from then on it is not. Not set, or thrown out of: it is done at once.
  std::function<void(ShardId shard, std::uint64_t epoch, std::function<void()> done)> draining;
  /// The shard is this node's no more, without having been asked for: its lease has run out. It may
  /// be another's by now. `done` of a `draining` need not be called any more.
  std::function<void(ShardId shard, std::uint64_t epoch)> lost;
};

}  // namespace aether
