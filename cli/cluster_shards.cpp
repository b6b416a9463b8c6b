// SPDX-License-Identifier: Apache-2.0
#include "aether/cluster/shard_tools.hpp"
#include "interruption.hpp"
#include "open_cluster.hpp"
#include "table.hpp"
#include "text.hpp"
#include "verbs.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <string>
#include <utility>

namespace aether::cli {
namespace {

using Json = nlohmann::ordered_json;
using std::chrono::milliseconds;

std::expected<ClusterShards, Failure> shards_of(const Session& session, milliseconds timeout) {
  auto registry = open_cluster(session, timeout);
  if (!registry) return std::unexpected(std::move(registry.error()));
  auto shards = unless_interrupted(
      session.signals, [registry = *registry, timeout] { return read_shards(*registry, timeout); });
  if (!shards)
    return std::unexpected(Failure(Error{.code = Errc::closed, .message = "interrupted"}));
  if (!*shards) return std::unexpected(Failure(std::move(shards->error())));
  return std::move(**shards);
}

/// How many shards of `owner`, or of all, hold `condition`.
template <class Condition>
std::size_t count(const ShardTable& table, const Condition& condition) {
  return static_cast<std::size_t>(std::ranges::count_if(table.shards, condition));
}

}  // namespace

Outcome run(const ClusterShardList& verb, const Session& session) {
  const auto shards = shards_of(session, verb.timeout);
  if (!shards) return std::unexpected(shards.error());
  const ShardTable& all = shards->table;
  Console& console = session.console;
  constexpr auto kRight = Column::Align::right;
  Table table(console.out(), console.style(),
              {{.title = "NODE"},
               {.title = "SHARDS", .align = kRight},
               {.title = "LEAVING", .align = kRight},
               {.title = "COMING", .align = kRight},
               {.title = "WHICH"}});
  for (NodeIndex node = 0; node < all.nodes.size(); ++node) {
    const std::string& id = all.nodes[node].id;
    const auto is_own = [&](const ShardTable::Slot& slot) { return slot.owner == node; };
    const auto leaves = [&](const ShardTable::Slot& slot) {
      return slot.owner == node && slot.next != kNobody;
    };
    const auto comes = [&](const ShardTable::Slot& slot) { return slot.next == node; };
    const std::string which = shard_ranges(all, node);
    if (console.json()) {
      console.say_json({{"node", id},
                        {"tenure", all.nodes[node].tenure},
                        {"shards", count(all, is_own)},
                        {"leaving", count(all, leaves)},
                        {"coming", count(all, comes)},
                        {"which", which}});
    } else {
      table.add({escape(id), std::to_string(count(all, is_own)), std::to_string(count(all, leaves)),
                 std::to_string(count(all, comes)), which});
    }
  }
  table.settle();
  const std::string unowned = shard_ranges(all, kNobody);
  if (!unowned.empty() && !console.json()) console.say("Nobody owns " + unowned + ".");
  return ExitCode::ok;
}

Outcome run(const ClusterWhere& verb, const Session& session) {
  const auto shards = shards_of(session, verb.timeout);
  if (!shards) return std::unexpected(shards.error());
  const ShardId shard = shards->map.shard_of(verb.actor_id);
  const std::string owner = shards->owner_of(shard);
  const std::string next = shards->next_of(shard);
  const std::uint64_t epoch = shards->table.shards.at(shard).epoch;
  if (session.console.json()) {
    session.console.say_json({{"actorId", verb.actor_id},
                              {"shard", shard},
                              {"node", owner},
                              {"epoch", epoch},
                              {"movesTo", next}});
  } else if (owner.empty()) {
    session.console.say("shard " + std::to_string(shard) + ": nobody");
  } else {
    session.console.say("shard " + std::to_string(shard) + ": " + escape(owner) + ", epoch " +
                        std::to_string(epoch) +
                        (next.empty() ? "" : ", on its way to " + escape(next)));
  }
  return ExitCode::ok;
}

Outcome run(const ClusterDrain& verb, const Session& session) {
  auto registry = open_cluster(session, verb.timeout);
  if (!registry) return std::unexpected(std::move(registry.error()));
  const auto drained = unless_interrupted(session.signals, [registry = *registry, verb] {
    return drain_node(*registry, verb.node, !verb.cancel, verb.timeout);
  });
  if (!drained) return std::unexpected(Error{.code = Errc::closed, .message = "interrupted"});
  if (!*drained) return std::unexpected(drained->error());
  if (session.console.json()) {
    session.console.say_json(
        {{"node", verb.node}, {"drained", !verb.cancel}, {"changed", **drained}});
  } else {
    const std::string already = **drained ? "" : " already";
    session.console.say(verb.cancel ? escape(verb.node) + " takes shards" + already + "."
                                    : escape(verb.node) + " is being drained" + already +
                                          ": see aether cluster shards.");
  }
  return ExitCode::ok;
}

}  // namespace aether::cli
