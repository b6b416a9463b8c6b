// SPDX-License-Identifier: Apache-2.0
#include "aether/cluster/placement.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>

namespace aether {
namespace {

/// How many shards each node shall have: those that have the most now get what does not divide, so
/// that the fewest must move. Of equal ones the first in the list.
std::vector<std::size_t> quotas(const std::vector<std::size_t>& counts, std::size_t shards) {
  std::vector<NodeIndex> by_count(counts.size());
  std::iota(by_count.begin(), by_count.end(), NodeIndex{0});
  std::ranges::sort(by_count, [&](NodeIndex a, NodeIndex b) {
    return counts[a] != counts[b] ? counts[a] > counts[b] : a < b;
  });
  std::vector<std::size_t> quota(counts.size(), shards / counts.size());
  for (std::size_t i = 0; i < shards % counts.size(); ++i) ++quota[by_count[i]];
  return quota;
}

}  // namespace

std::vector<NodeIndex> rebalance(std::span<const NodeIndex> owners, NodeIndex nodes) {
  if (nodes == 0) return std::vector<NodeIndex>(owners.size(), kNobody);
  std::vector<std::size_t> counts(nodes);
  for (const NodeIndex owner : owners) {
    if (owner < nodes) ++counts[owner];
  }
  const std::vector<std::size_t> quota = quotas(counts, owners.size());
  std::vector<NodeIndex> next(owners.begin(), owners.end());
  // The highest shards are given up, so that ranges stay whole.
  std::vector<std::size_t> kept(nodes);
  for (NodeIndex& owner : next) {
    if (owner >= nodes || ++kept[owner] > quota[owner]) owner = kNobody;
  }
  NodeIndex taker = 0;
  for (NodeIndex& owner : next) {
    if (owner != kNobody) continue;
    while (kept[taker] >= quota[taker]) ++taker;
    ++kept[taker];
    owner = taker;
  }
  return next;
}

}  // namespace aether
