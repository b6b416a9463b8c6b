// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "nats/loopback.hpp"
#include "nats/nats_server.hpp"

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace aether::tests {

inline constexpr std::size_t kClusterSize = 3;

/// Three real nats-servers, "n1" to "n3", that are one JetStream cluster. Comes up ready for
/// streams with three replicas, or throws std::runtime_error with the logs.
class NatsCluster {
 public:
  /// `options` are those of each server, but for its name.
  explicit NatsCluster(const ServerOptions& options = {});

  [[nodiscard]] NatsServer& operator[](std::size_t index) { return *servers_.at(index); }
  [[nodiscard]] std::vector<std::string> urls() const;
  /// The running server that decides where streams are placed, if all that run agree on one.
  [[nodiscard]] NatsServer* meta_leader();

  /// Returns when the servers that run agree on a leader among them, which has all of them up to
  /// date: after one was killed (the rest need some seconds to elect), and after it came back.
  void wait_until_ready();

 private:
  [[nodiscard]] bool is_ready();

  std::array<HeldPort, kClusterSize> route_ports_;
  std::vector<std::unique_ptr<NatsServer>> servers_;
};

}  // namespace aether::tests
