// SPDX-License-Identifier: Apache-2.0
#include "election/lease_peers.hpp"

#include "aether/nats/registry.hpp"
#include "nats/test_support.hpp"
#include "testing/waiting.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <utility>

namespace aether::tests {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kLook{2};  // other processes wake nobody here
// One that leads writes each millisecond, where the machine lets it.
constexpr std::int64_t kRecently = 100'000'000;

std::string_view chosen_servers() {
  const char* chosen = std::getenv("AETHER_NATS_SERVERS");  // NOLINT(concurrency-mt-unsafe)
  return chosen == nullptr ? "2.15" : chosen;
}

}  // namespace

bool LeasePeers::has_three_servers() { return chosen_servers().ends_with("-cluster"); }

LeasePeers::LeasePeers(const Options& options) : options_(options), peers_(options.count) {
  const ServerOptions server{.version = chosen_servers().starts_with("2.9") ? ServerVersion::v2_9
                                                                            : ServerVersion::v2_15};
  if (has_three_servers()) {
    cluster_ = std::make_unique<NatsCluster>(server);
  } else {
    server_ = std::make_unique<NatsServer>(server);
  }
  auto connection = nats::connect({.urls = {servers().front()->url()}});
  if (!connection) throw std::runtime_error(connection.error().message);
  const auto made = nats::open_registry(std::move(*connection), *Namespace::parse("test"),
                                        {.replicas = static_cast<unsigned>(servers().size())});
  if (!made) throw std::runtime_error(made.error().message);
  for (std::size_t i = 0; i < peers_.size(); ++i) start(i);
}

std::vector<NatsServer*> LeasePeers::servers() const {
  if (server_) return {server_.get()};
  return {&(*cluster_)[0], &(*cluster_)[1], &(*cluster_)[2]};
}

void LeasePeers::start(std::size_t index) {
  Peer& peer = peers_.at(index);
  if (server_ && !peer.proxy) peer.proxy = std::make_unique<TcpProxy>(server_->port());
  const std::string url =
      peer.proxy ? peer.proxy->url() : servers().at(index % kClusterSize)->url();
  const std::string id = std::to_string(index);
  std::vector<std::string> command{AETHER_LEASE_PEER, url, folder_.path(), id,
                                   std::to_string(options_.ttl.count())};
  if (options_.are_reckless) command.emplace_back("reckless");
  peer.process = std::make_unique<Process>(command, folder_.file("log"));
  peer.logs.push_back(folder_.file(id + "." + std::to_string(peer.process->id())));
}

void LeasePeers::kill(std::size_t peer) {
  peers_.at(peer).process->end(SIGKILL);
  start(peer);
}

void LeasePeers::stop(std::size_t peer, milliseconds time) {
  const Process& process = *peers_.at(peer).process;
  process.stop();
  healings_.push_back({.due = Clock::now() + time, .heal = [this, peer, id = process.id()] {
                         const Process& now = *peers_.at(peer).process;
                         if (now.id() == id) now.send(SIGCONT);  // else another is in its place
                       }});
}

void LeasePeers::cut_off(std::size_t peer, milliseconds time) {
  TcpProxy* const proxy = peers_.at(peer).proxy.get();
  proxy->stall();
  healings_.push_back({.due = Clock::now() + time, .heal = [proxy] { proxy->resume(); }});
}

void LeasePeers::heal_in_time() {
  std::ranges::sort(healings_, {}, &Healing::due);
  for (const Healing& healing : healings_) {
    std::this_thread::sleep_until(healing.due);  // that is how long the fault lasts
    healing.heal();
  }
  healings_.clear();
}

void LeasePeers::stop_servers(milliseconds time) {
  for (NatsServer* server : servers()) server->kill_9();
  std::this_thread::sleep_for(time);  // the outage
  for (NatsServer* server : servers()) server->restart();
}

void LeasePeers::kill_a_server_that_does_not_lead() {
  const auto info = nlohmann::json::parse(
      request(*servers().front(), "$JS.API.STREAM.INFO.KV_aether-cluster-test"));
  const std::string leader = info["cluster"]["leader"];
  for (NatsServer* server : servers()) {
    if (server->name() != leader) return server->kill_9();
  }
}

std::vector<Tenure> LeasePeers::tenures() const {
  std::vector<Tenure> all;
  for (std::size_t i = 0; i < peers_.size(); ++i) {
    for (const std::string& log : peers_[i].logs) {
      for (const TenureRecord& record : read_tenures(log)) {
        all.push_back({.holder = i, .record = record});
      }
    }
  }
  return all;
}

std::optional<Tenure> LeasePeers::last() const {
  const auto all = tenures();
  const auto last =
      std::ranges::max_element(all, {}, [](const Tenure& one) { return one.record.epoch; });
  if (last == all.end()) return std::nullopt;
  return *last;
}

std::optional<Tenure> LeasePeers::wait_for_leader(std::uint64_t after) const {
  const auto end = Clock::now() + testing::patience();
  while (Clock::now() < end) {
    const auto found = last();
    if (found && found->record.epoch > after && found->record.until > boot_time() - kRecently) {
      return found;
    }
    std::this_thread::sleep_for(kLook);
  }
  return std::nullopt;
}

std::vector<Tenure> LeasePeers::end() {
  for (Peer& peer : peers_) peer.process->end(SIGKILL);
  return tenures();
}

}  // namespace aether::tests
