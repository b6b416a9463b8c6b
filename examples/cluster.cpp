// SPDX-License-Identifier: Apache-2.0
//
// The snippets of docs/cluster.md, as one program: three nodes in one process share the actors,
// one of them stops, and each actor is somebody's again. It fails if what the page claims is wrong.
#include <aether/cluster/cluster_manager.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

using aether::ClusterManager;
using aether::Result;
using Nodes = std::vector<std::unique_ptr<ClusterManager>>;

namespace {

// [join]
Result<std::unique_ptr<ClusterManager>> join(std::shared_ptr<aether::Registry> registry,
                                             const std::string& id) {
  aether::ClusterOptions options;
  options.node = {.id = id, .address = "tcp://" + id + ".example.org:4000"};
  options.handlers.draining = [](aether::ShardId, std::uint64_t, std::function<void()> done) {
    // Finish what is begun for the shard's actors, and let nothing new begin.
    done();
  };
  return ClusterManager::join(std::move(registry), std::move(options));
}
// [/join]

// [serve]
/// Handles a command for an actor, or says where it belongs.
std::string serve(const ClusterManager& cluster, const std::string& actor_id) {
  if (cluster.owns(actor_id)) return "handled here";
  if (const auto place = cluster.where(actor_id)) return "ask " + place->address;
  return "try again: the shard is on its way";
}
// [/serve]

/// Nodes need some messages to agree; what they have not agreed on in ten seconds is a failure.
template <class Condition>
void wait_until(const char* claim, const Condition& condition) {
  for (int i = 0; i < 10'000; ++i) {
    if (condition()) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  std::fprintf(stderr, "not so: %s\n", claim);
  std::exit(EXIT_FAILURE);
}

std::size_t owners_of(const Nodes& nodes, const std::string& actor_id) {
  std::size_t owners = 0;
  for (const auto& node : nodes) owners += node->owns(actor_id) ? 1U : 0U;
  return owners;
}

bool is_balanced(const Nodes& nodes) {
  std::size_t sum = 0;
  for (const auto& node : nodes) sum += node->shards();
  for (const auto& node : nodes) {
    if (node->shards() > 1'024 / nodes.size() + 1) return false;
  }
  return sum == 1'024;
}

}  // namespace

int main() {
  const auto scheduler = aether::make_scheduler();
  if (!scheduler) return EXIT_FAILURE;
  const auto registry = aether::make_memory_registry(*scheduler);
  Nodes nodes;
  for (const auto* id : {"node-a", "node-b", "node-c"}) {
    auto node = join(registry, id);
    if (!node) {
      std::fprintf(stderr, "%s\n", node.error().message.c_str());
      return EXIT_FAILURE;
    }
    nodes.push_back(std::move(*node));
  }
  wait_until("three nodes share 1,024 shards", [&] { return is_balanced(nodes); });
  for (int i = 0; i < 100; ++i) {
    if (owners_of(nodes, "order-" + std::to_string(i)) != 1) return EXIT_FAILURE;
  }
  wait_until("each node knows where an actor is",
             [&] { return serve(*nodes[0], "order-1") != "try again: the shard is on its way"; });

  // [stop]
  // On a deploy: what this node owns goes to the others before it does.
  const auto stopped = nodes.back()->stop(std::chrono::seconds(30));
  // [/stop]
  if (!stopped) std::fprintf(stderr, "%s\n", stopped.error().message.c_str());
  nodes.pop_back();
  wait_until("two nodes share 1,024 shards", [&] { return is_balanced(nodes); });
  std::printf("order-1: %s\n", serve(*nodes[0], "order-1").c_str());
  return stopped ? EXIT_SUCCESS : EXIT_FAILURE;
}
