// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/cluster/shard_handlers.hpp"
#include "aether/cluster/shard_table.hpp"
#include "aether/core/log.hpp"
#include "cluster/plan.hpp"
#include "cluster/tenure.hpp"
#include "core/spin_lock.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace aether::cluster {

/// The shards that a node owns. A shard is its own at an epoch as long as three things hold: the
/// last table that it believed says so, for its present tenure; it has not released it; and its own
/// lease is held, by its own clock.
///
/// All members but `owns` are called on the scheduler.
class ShardHolder : public std::enable_shared_from_this<ShardHolder> {
 public:
  struct Setup {
    std::uint32_t shards = kDefaultShards;
    std::string node;
    ShardHandlers handlers;
    std::shared_ptr<Scheduler> scheduler;
    std::shared_ptr<Scheduler> handlers_scheduler;
    std::function<void()> released;  ///< there is more in `released`, or less
    LogSink log;
  };

  explicit ShardHolder(Setup setup);

  /// The node's lease was acquired.
  void begin(std::shared_ptr<Tenure> tenure);
  /// It is over: everything is lost.
  void end();
  void see(const ShardTable& table);
  /// No handler is called from now on.
  void mute() { is_muted_ = true; }

  /// What this tenure has given back, and the leader has not given away yet.
  [[nodiscard]] std::vector<ReleasedShard> released() const;
  [[nodiscard]] std::size_t count() const;

  /// The epoch at which this node owns the shard, if it does. From any thread; right also after
  /// any pause, since it reads the clock last.
  [[nodiscard]] std::optional<std::uint64_t> owns(ShardId shard) const;

 private:
  void gain(ShardId shard, std::uint64_t epoch);
  void drain(ShardId shard);
  void drained(ShardId shard, std::uint64_t epoch);
  void lose(ShardId shard);
  template <class Handler>
  void call(std::string_view name, Handler handler);

  const Setup setup_;
  std::vector<std::atomic<std::uint64_t>> epochs_;  // 0: not owned
  std::vector<std::uint64_t> draining_;             // the epoch at which that was begun
  std::map<ShardId, std::uint64_t> released_;
  std::atomic<bool> is_muted_{false};

  mutable SpinLock lock_;  // guards tenure_
  std::shared_ptr<Tenure> tenure_;
};

}  // namespace aether::cluster
