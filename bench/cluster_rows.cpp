// SPDX-License-Identifier: Apache-2.0
#include "aether/cluster/placement.hpp"
#include "aether/cluster/shards.hpp"
#include "made_events.hpp"
#include "rows.hpp"

#include <string>
#include <vector>

namespace aether::bench {
namespace {

constexpr std::size_t kRounds = 100;

std::vector<NodeIndex> placed(NodeIndex nodes) {
  return rebalance(std::vector<NodeIndex>(kDefaultShards, kNobody), nodes);
}

Result<Sample> look_up_owners(const Budget& budget) {
  const auto ids = actor_ids();
  const auto owners = placed(10);
  const auto map = make_shard_map();
  if (!map) return std::unexpected(map.error());
  Meter meter(budget);
  while (meter.wants_more()) {
    NodeIndex sum = 0;
    meter.time(kRounds * ids.size(), [&] {
      for (std::size_t round = 0; round < kRounds; ++round) {
        for (const std::string& id : ids) sum += owners[map->shard_of(id)];
      }
    });
    keep(sum);
  }
  return meter.sample();
}

/// A node joins 63 others, and one of the 64 leaves.
Result<Sample> plan(const Budget& budget) {
  const auto before = placed(63);
  auto left = placed(64);
  for (NodeIndex& owner : left) {
    if (owner == 63) owner = kNobody;
  }
  Meter meter(budget);
  while (meter.wants_more()) {
    meter.time(2, [&] {
      keep(rebalance(before, 64).front());
      keep(rebalance(left, 63).front());
    });
  }
  return meter.sample();
}

}  // namespace

std::vector<Row> cluster_rows() {
  return {{.name = "cluster/lookup",
           .statement = "owner of an actor: the shard of its id (SipHash-2-4), and the shard's "
                        "owner out of 10 nodes",
           .ours = look_up_owners,
           .goal = {Goal::Kind::value_most, 10}},
          {.name = "cluster/plan",
           .statement = "who shall own 1,024 shards when one of 64 nodes joins or leaves",
           .ours = plan,
           .goal = {Goal::Kind::value_most, 1'000'000}}};
  // NOLINTNEXTLINE(*NewDeleteLeaks): the analyzer loses a std::function in a list
}

}  // namespace aether::bench
