// SPDX-License-Identifier: Apache-2.0
#include "cluster_arguments.hpp"

#include "arguments.hpp"
#include "help_text.hpp"
#include "option_kinds.hpp"

namespace aether::cli {

namespace {

CLI::App* add(CLI::App& cluster, const std::string& name, std::string description,
              std::string_view examples, std::chrono::milliseconds& timeout) {
  auto* const verb = cluster.add_subcommand(name, std::move(description));
  verb->footer(std::string(examples))->group("Verbs");
  converted(verb, "--timeout", timeout, "TIME",
            "How long to wait for servers: 500ms, 5s, 2m (default: 10s)", parse_duration);
  return verb;
}

}  // namespace

Verb ClusterVerbs::chosen(const CLI::App& cluster) const {
  const auto named = cluster.get_subcommands();
  const std::string name = named.empty() ? "" : named.front()->get_name();
  if (name == "members") return members;
  if (name == "leader") return leader;
  if (name == "watch") return watch;
  if (name == "shards") return shards;
  if (name == "where") return where;
  if (name == "drain") return drain;
  throw CLI::RequiredError("a verb: members, leader, watch, shards, where or drain");
}

void add_cluster_verbs(CLI::App& cluster, ClusterVerbs& into) {
  cluster.require_subcommand(0, 1);
  add(cluster, "members", "Lists the nodes that are there.", help::kClusterMembersExamples,
      into.members.timeout);
  add(cluster, "leader", "Says who leads.", help::kClusterLeaderExamples, into.leader.timeout)
      ->add_option("NAME", into.leader.name, "Of which election (default: leader)");
  add(cluster, "watch", "Tells who comes, goes and leads, until interrupted.",
      help::kClusterWatchExamples, into.watch.timeout);
  add(cluster, "shards", "Lists which node owns which shards.", help::kClusterShardsExamples,
      into.shards.timeout);
  add(cluster, "where", "Says which node owns an actor.", help::kClusterWhereExamples,
      into.where.timeout)
      ->add_option("ACTOR", into.where.actor_id, "The actor's id")
      ->required();
  auto* const drain =
      add(cluster, "drain", "Has a node's shards moved to the others, and kept off.",
          help::kClusterDrainExamples, into.drain.timeout);
  drain->add_option("NODE", into.drain.node, "The node's id")->required();
  drain->add_flag("--cancel", into.drain.cancel, "Takes it back: the node gets its share again");
}

}  // namespace aether::cli
