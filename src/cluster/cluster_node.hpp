// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/cluster/cluster_manager.hpp"
#include "cluster/coordinator.hpp"
#include "cluster/lease.hpp"
#include "cluster/shard_holder.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace aether::cluster {

/// A node of a cluster without threads and without waiting: what stands behind `ClusterManager`.
/// It lives on its scheduler; members may be called from any thread where nothing else is said.
class ClusterNode : public std::enable_shared_from_this<ClusterNode> {
 public:
  struct Setup {
    std::shared_ptr<Registry> registry;
    std::shared_ptr<Scheduler> scheduler;
    std::shared_ptr<Scheduler> handlers_scheduler;
    ClusterOptions options;
  };
  using Joined = std::function<void(const Result<void>& result)>;

  /// The options must be good.
  explicit ClusterNode(Setup setup);

  /// `joined` is called once, on the scheduler.
  void start(Joined joined);
  /// `left` is called on the scheduler when all shards are given back and all leases.
  void leave(std::function<void()> left);
  /// Gives everything back at once, drained or not.
  void leave_now();
  /// Not one call more, of whatever.
  void close();
  void set_load(double load);

  [[nodiscard]] std::optional<ShardMap> map() const;
  [[nodiscard]] std::optional<std::uint64_t> owns(std::string_view actor_id) const;
  [[nodiscard]] std::optional<std::uint64_t> owns_shard(ShardId shard) const;
  [[nodiscard]] std::optional<ClusterManager::Place> where(std::string_view actor_id) const;
  [[nodiscard]] std::vector<Member> members() const;
  [[nodiscard]] std::optional<std::string> leader() const;
  [[nodiscard]] std::size_t shards() const;
  [[nodiscard]] std::string status() const;

 private:
  struct View {
    std::vector<Member> members;
    std::shared_ptr<const ShardTable> table;
    std::optional<std::string> leader;
    std::string leader_waits_for;
  };

  void post(std::move_only_function<void(ClusterNode& self)> task);

  // On the scheduler.
  void find_map();
  void map_found(const Result<std::optional<Registry::Entry>>& outcome);
  void make_map();
  void use_map(const ShardMap& map);
  void fail_to_join(const Error& error);
  std::shared_ptr<Lease> make_lease(std::string key, Lease::Events events);
  void make_leases();
  void see(const Registry::Entry& entry);
  void live(bool live);
  void look_for_twin();
  void acquired(const std::shared_ptr<Tenure>& tenure);
  void lost();
  void deposed();
  void tell();
  void look_whether_drained();
  void give_back();
  void note();

  const Setup setup_;
  Joined joined_;
  std::optional<ShardMap> map_;  // set once, before anything else is made
  std::shared_ptr<Roster> roster_;
  std::shared_ptr<TableSight> table_;
  std::shared_ptr<ShardHolder> holder_;
  std::shared_ptr<Coordinator> coordinator_;
  std::shared_ptr<Lease> node_lease_;
  std::shared_ptr<Lease> leader_lease_;
  Member data_;
  std::function<void()> left_;
  std::string twin_;  // the tenure of another process with this id
  std::uint64_t twin_revision_ = 0;
  int twin_renewals_ = 0;
  bool has_begun_to_leave_ = false;
  bool is_closed_ = false;

  mutable std::mutex mutex_;  // guards view_, is_ready_, trouble_, and watch_
  View view_;
  bool is_ready_ = false;  // map_ and holder_ are there
  std::string trouble_ = "the registry has not answered yet";
  std::unique_ptr<Registry::WatchHandle> watch_;
};

}  // namespace aether::cluster
