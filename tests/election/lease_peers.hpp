// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "election/tenure_log.hpp"
#include "nats/nats_cluster.hpp"
#include "nats/process.hpp"
#include "nats/tcp_proxy.hpp"
#include "temporary_folder.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace aether::tests {

/// Servers, and processes that stand for one leadership at them (lease_peer.cpp). To one server
/// each has a proxy of its own, by which it can be cut off. AETHER_NATS_SERVERS chooses the
/// servers: "2.9", "2.15" (where nothing is said), "2.9-cluster", "2.15-cluster".
class LeasePeers {
 public:
  struct Options {
    std::size_t count = 5;
    std::chrono::milliseconds ttl{600};
    bool are_reckless = false;
  };
  explicit LeasePeers(const Options& options);

  [[nodiscard]] static bool has_three_servers();

  [[nodiscard]] std::size_t size() const { return peers_.size(); }
  [[nodiscard]] bool can_cut_off() const { return server_ != nullptr; }

  /// SIGKILL; another process takes its place at once.
  void kill(std::size_t peer);
  /// SIGSTOP, for so long; or neither it nor the servers hear each other. It ends later, see below.
  void stop(std::size_t peer, std::chrono::milliseconds time);
  void cut_off(std::size_t peer, std::chrono::milliseconds time);
  /// Returns when all that was to last so long is over.
  void heal_in_time();

  /// SIGKILL to all servers, which come back after `time`.
  void stop_servers(std::chrono::milliseconds time);
  void kill_a_server_that_does_not_lead();

  [[nodiscard]] std::vector<Tenure> tenures() const;
  /// The last of them.
  [[nodiscard]] std::optional<Tenure> last() const;
  /// Waits for one that leads now, in a later epoch than `after`.
  [[nodiscard]] std::optional<Tenure> wait_for_leader(std::uint64_t after = 0) const;

  /// Kills all, and gives what they have written.
  std::vector<Tenure> end();

 private:
  struct Peer {
    std::unique_ptr<TcpProxy> proxy;
    std::unique_ptr<Process> process;
    std::vector<std::string> logs;  // of all processes that it was
  };
  struct Healing {
    std::chrono::steady_clock::time_point due;
    std::function<void()> heal;
  };

  void start(std::size_t peer);
  [[nodiscard]] std::vector<NatsServer*> servers() const;

  const Options options_;
  TemporaryFolder folder_{TemporaryFolder::Place::memory};
  std::unique_ptr<NatsServer> server_;  // one of these
  std::unique_ptr<NatsCluster> cluster_;
  std::vector<Peer> peers_;
  std::vector<Healing> healings_;
};

}  // namespace aether::tests
