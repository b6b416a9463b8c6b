// SPDX-License-Identifier: Apache-2.0
// What a node tells of the cluster, to any thread.
#include "cluster/cluster_node.hpp"
#include "core/text.hpp"

#include <algorithm>
#include <utility>

namespace aether::cluster {

void ClusterNode::note() {
  const BootTime now = setup_.scheduler->now();
  View view{.members = {}, .table = table_->table(), .leader = {}, .leader_waits_for = {}};
  for (const auto& [id, node] : roster_->nodes()) {
    if (!Roster::is_up(node, now)) continue;
    view.members.push_back(node.data);
  }
  const LeaseSight& sight = leader_lease_->sight();
  if (sight.record() && !sight.record()->holder.empty() && now < sight.runs_out()) {
    view.leader = sight.record()->holder;
  }
  view.leader_waits_for = coordinator_->waiting_for();
  const std::scoped_lock lock(mutex_);
  view_ = std::move(view);
}

std::optional<ShardMap> ClusterNode::map() const {
  const std::scoped_lock lock(mutex_);
  return is_ready_ ? map_ : std::nullopt;
}

std::optional<std::uint64_t> ClusterNode::owns(std::string_view actor_id) const {
  return holder_->owns(map_->shard_of(actor_id));
}

std::optional<std::uint64_t> ClusterNode::owns_shard(ShardId shard) const {
  return map() ? holder_->owns(shard) : std::nullopt;
}

std::optional<ClusterManager::Place> ClusterNode::where(std::string_view actor_id) const {
  ClusterManager::Place place{.node = {}, .address = {}, .shard = map_->shard_of(actor_id)};
  const std::scoped_lock lock(mutex_);
  if (!view_.table) return std::nullopt;
  const ShardTable::Slot& slot = view_.table->shards[place.shard];
  if (slot.owner == kNobody) return std::nullopt;
  place.node = view_.table->nodes[slot.owner].id;
  place.epoch = slot.epoch;
  const auto found = std::ranges::find(view_.members, place.node,
                                       [](const Member& member) { return member.node.id; });
  if (found == view_.members.end()) return std::nullopt;
  place.address = found->node.address;
  return place;
}

std::vector<Member> ClusterNode::members() const {
  const std::scoped_lock lock(mutex_);
  return view_.members;
}

std::optional<std::string> ClusterNode::leader() const {
  const std::scoped_lock lock(mutex_);
  return view_.leader;
}

std::size_t ClusterNode::shards() const { return holder_->count(); }

std::string ClusterNode::status() const {
  {
    const std::scoped_lock lock(mutex_);
    if (!is_ready_) return trouble_;
    if (!view_.leader_waits_for.empty()) return view_.leader_waits_for;
  }
  return node_lease_->waiting_for();
}

}  // namespace aether::cluster
