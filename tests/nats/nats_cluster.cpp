// SPDX-License-Identifier: Apache-2.0
#include "nats/nats_cluster.hpp"

#include "nats/patience.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <future>
#include <ranges>
#include <stdexcept>

namespace aether::tests {
namespace {

// What a server knows of the group of all servers, which places streams. Null if it is silent.
nlohmann::json meta_cluster_of(const NatsServer& server) {
  const auto text = server.monitor("/jsz");
  if (!text) return nullptr;
  return nlohmann::json::parse(*text).value("meta_cluster", nlohmann::json());
}

}  // namespace

NatsCluster::NatsCluster(const ServerOptions& options) {
  std::string routes;
  for (const HeldPort& port : route_ports_) {
    routes += "nats://127.0.0.1:" + std::to_string(port.number()) + ", ";
  }
  // At once: those that find each other while they start elect a leader in a moment, the others
  // only when an election's time-out of some seconds has passed.
  std::vector<std::future<std::unique_ptr<NatsServer>>> starting;
  for (std::size_t i = 0; i < kClusterSize; ++i) {
    ServerOptions own = options;
    own.name = "n" + std::to_string(i + 1);
    own.config += "\ncluster { name: aether, listen: \"127.0.0.1:" +
                  std::to_string(route_ports_.at(i).number()) + "\", routes: [" + routes + "] }";
    starting.push_back(
        std::async(std::launch::async, [own] { return std::make_unique<NatsServer>(own); }));
  }
  for (auto& server : starting) servers_.push_back(server.get());
  wait_until_ready();
}

std::vector<std::string> NatsCluster::urls() const {
  std::vector<std::string> urls;
  for (const auto& server : servers_) urls.push_back(server->url());
  return urls;
}

NatsServer* NatsCluster::meta_leader() {
  NatsServer* leader = nullptr;
  for (const auto& server : servers_) {
    if (!server->is_running()) continue;
    const auto meta = meta_cluster_of(*server);
    const std::string name = meta.is_object() ? meta.value("leader", "") : "";
    const auto named = std::ranges::find(servers_, name, &NatsServer::name);
    if (named == servers_.end() || !(*named)->is_running()) return nullptr;
    if (leader != nullptr && leader != named->get()) return nullptr;
    leader = named->get();
  }
  return leader;
}

void NatsCluster::wait_until_ready() {
  if (wait_until([this] { return is_ready(); })) return;
  std::string logs;
  for (const auto& server : servers_) logs += "\n" + server->name() + ":\n" + server->log();
  throw std::runtime_error("the servers do not become one cluster; they logged:" + logs);
}

bool NatsCluster::is_ready() {
  const NatsServer* leader = meta_leader();
  if (leader == nullptr) return false;
  const auto replicas = meta_cluster_of(*leader).value("replicas", nlohmann::json::array());
  return std::ranges::all_of(servers_, [&](const auto& server) {
    if (!server->is_running()) return true;
    if (!server->monitor("/healthz")) return false;  // its streams are not up to date
    return server.get() == leader || std::ranges::any_of(replicas, [&](const auto& replica) {
             return replica.value("name", "") == server->name() && replica.value("current", false);
           });
  });
}

}  // namespace aether::tests
