// SPDX-License-Identifier: Apache-2.0
#include "cluster/plan.hpp"

#include <algorithm>

namespace aether::cluster {
namespace {

class Planner {
 public:
  Planner(const ShardTable& table, std::span<const PresentNode> nodes, std::uint64_t leader_epoch)
      : old_(table), present_(nodes.begin(), nodes.end()) {
    std::ranges::sort(present_, {}, &PresentNode::node);
    next_.epoch = table.epoch + 1;
    next_.leader_epoch = leader_epoch;
    for (const PresentNode& present : present_) next_.nodes.push_back(present.node);
    for (const ShardTable::Node& node : table.nodes) successors_.push_back(successor_of(node));
  }

  std::optional<ShardTable> run(PlanLimits limits) {
    for (ShardId shard = 0; shard < old_.shards.size(); ++shard) {
      next_.shards.push_back(carry_over(shard));
    }
    assign(limits.max_moving);
    if (next_.nodes == old_.nodes && next_.shards == old_.shards) return std::nullopt;
    return std::move(next_);
  }

 private:
  /// Who goes on with what `node` had: itself, or the same node with another tenure.
  [[nodiscard]] NodeIndex successor_of(const ShardTable::Node& node) const {
    const auto found = std::ranges::find(next_.nodes, node.id, &ShardTable::Node::id);
    if (found == next_.nodes.end()) return kNobody;
    return static_cast<NodeIndex>(found - next_.nodes.begin());
  }

  [[nodiscard]] bool takes(NodeIndex node) const {
    return node != kNobody && present_[node].takes_shards;
  }

  [[nodiscard]] ShardTable::Slot given_to(NodeIndex node) const {
    if (!takes(node)) return {};
    return {.owner = node, .epoch = next_.epoch};
  }

  /// What is left of a shard's place when all who went, and all that was released, is taken off.
  [[nodiscard]] ShardTable::Slot carry_over(ShardId shard) const {
    const ShardTable::Slot& old = old_.shards[shard];
    if (old.owner == kNobody) return {};
    const NodeIndex owner = successors_[old.owner];
    const NodeIndex next = old.next == kNobody ? kNobody : successors_[old.next];
    const bool is_same = owner != kNobody && next_.nodes[owner] == old_.nodes[old.owner];
    if (!is_same) return given_to(takes(next) ? next : owner);
    const auto& released = present_[owner].released;
    if (std::ranges::find(released, ReleasedShard{shard, old.epoch}) != released.end()) {
      return given_to(next);
    }
    return {.owner = owner, .next = takes(next) ? next : kNobody, .epoch = old.epoch};
  }

  /// Gives away what is nobody's, and lets move what should be elsewhere.
  void assign(std::size_t max_moving) {
    const std::vector<NodeIndex> wanted = wanted_owners();
    std::size_t moving = 0;
    for (ShardTable::Slot& slot : next_.shards) moving += slot.next != kNobody ? 1U : 0U;
    for (ShardId shard = 0; shard < next_.shards.size(); ++shard) {
      ShardTable::Slot& slot = next_.shards[shard];
      const NodeIndex want = wanted[shard];
      if (slot.owner == kNobody) {
        slot = given_to(want);
      } else if (slot.next != kNobody) {
        slot.next = want == slot.owner ? kNobody : want;
      } else if (want != kNobody && want != slot.owner && moving < max_moving) {
        slot.next = want;
        ++moving;
      }
    }
  }

  /// By `rebalance` among those that take shards; what moves is counted where it goes to.
  [[nodiscard]] std::vector<NodeIndex> wanted_owners() const {
    std::vector<NodeIndex> takers;
    std::vector<NodeIndex> place(present_.size(), kNobody);
    for (NodeIndex node = 0; node < present_.size(); ++node) {
      if (!takes(node)) continue;
      place[node] = static_cast<NodeIndex>(takers.size());
      takers.push_back(node);
    }
    std::vector<NodeIndex> owners;
    owners.reserve(next_.shards.size());
    for (const ShardTable::Slot& slot : next_.shards) {
      const NodeIndex holder = slot.next != kNobody ? slot.next : slot.owner;
      owners.push_back(holder == kNobody ? kNobody : place[holder]);
    }
    owners = rebalance(owners, static_cast<NodeIndex>(takers.size()));
    for (NodeIndex& owner : owners) {
      if (owner != kNobody) owner = takers[owner];
    }
    return owners;
  }

  const ShardTable& old_;
  std::vector<PresentNode> present_;   // in the order of next_.nodes
  std::vector<NodeIndex> successors_;  // of old_.nodes in next_.nodes
  ShardTable next_;
};

}  // namespace

std::optional<ShardTable> plan(const ShardTable& table, std::span<const PresentNode> nodes,
                               std::uint64_t leader_epoch, PlanLimits limits) {
  return Planner(table, nodes, leader_epoch).run(limits);
}

}  // namespace aether::cluster
