// SPDX-License-Identifier: Apache-2.0
#include "aether/cluster/shard_tools.hpp"

#include "cluster/member_record.hpp"
#include "cluster/roster.hpp"
#include "cluster/shard_ranges.hpp"
#include "cluster/table_sight.hpp"
#include "core/text.hpp"

#include <future>
#include <memory>
#include <utility>

namespace aether {
namespace {

using std::chrono::milliseconds;
using FoundEntry = Result<std::optional<Registry::Entry>>;

FoundEntry get_and_wait(Registry& registry, std::string_view key, milliseconds timeout) {
  auto answer = std::make_shared<std::promise<FoundEntry>>();
  auto found = answer->get_future();
  registry.get(key, timeout, [answer](FoundEntry entry) { answer->set_value(std::move(entry)); });
  return found.get();  // a registry answers, if only that there was no answer
}

Result<std::uint64_t> put_and_wait(Registry& registry, std::string_view key, std::string value,
                                   std::uint64_t expected, milliseconds timeout) {
  auto answer = std::make_shared<std::promise<Result<std::uint64_t>>>();
  auto outcome = answer->get_future();
  registry.put(key, std::move(value), expected, timeout,
               [answer](Result<std::uint64_t> done) { answer->set_value(std::move(done)); });
  return outcome.get();
}

std::string id_at(const ShardTable& table, NodeIndex node) {
  return node == kNobody ? std::string() : table.nodes.at(node).id;
}

}  // namespace

std::string ClusterShards::owner_of(ShardId shard) const {
  return id_at(table, table.shards.at(shard).owner);
}

std::string ClusterShards::next_of(ShardId shard) const {
  return id_at(table, table.shards.at(shard).next);
}

Result<ClusterShards> read_shards(Registry& registry, milliseconds timeout) {
  const FoundEntry config = get_and_wait(registry, kShardMapKey, timeout);
  if (!config) return std::unexpected(config.error());
  if (!*config) return fail(Errc::not_found, "there is no cluster here: no node has joined it yet");
  const Result<ShardMap> map = parse_shard_map((*config)->value);
  if (!map) return std::unexpected(map.error());
  const FoundEntry entry = get_and_wait(registry, cluster::kTableKey, timeout);
  if (!entry) return std::unexpected(entry.error());
  if (!*entry)
    return fail(Errc::not_found, "no leader has given away the shards yet: wait for one");
  Result<ShardTable> table = parse_shard_table((*entry)->value, map->shards);
  if (!table) return std::unexpected(table.error());
  return ClusterShards{.map = *map, .table = std::move(*table)};
}

Result<bool> drain_node(Registry& registry, std::string_view id, bool drain, milliseconds timeout) {
  const std::string node_key = concat(kNodeKeys, id);
  if (id.contains('.') || !check_registry_key(node_key)) {
    return fail(Errc::invalid_argument, concat(quoted(id), " is no id of a node"));
  }
  const FoundEntry node = get_and_wait(registry, node_key, timeout);
  if (!node) return std::unexpected(node.error());
  if (!*node) {
    return fail(Errc::not_found, concat("no node ", quoted(id), " has been in this cluster"));
  }
  const std::string key = concat(cluster::kDrainKeys, id);
  const FoundEntry asked = get_and_wait(registry, key, timeout);
  if (!asked) return std::unexpected(asked.error());
  const bool is_asked = *asked && !(*asked)->value.empty();
  if (is_asked == drain) return false;
  const auto done = put_and_wait(registry, key, drain ? R"({"v":1})" : "",
                                 *asked ? (*asked)->revision : 0, timeout);
  if (!done) return std::unexpected(done.error());
  return true;
}

std::string shard_ranges(const ShardTable& table, NodeIndex owner) {
  std::vector<ShardId> shards;
  for (ShardId shard = 0; shard < table.shards.size(); ++shard) {
    if (table.shards[shard].owner == owner) shards.push_back(shard);
  }
  return cluster::format_shard_ranges(shards);
}

}  // namespace aether
