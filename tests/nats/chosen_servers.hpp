// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/nats/registry.hpp"
#include "aether/nats/snapshots.hpp"
#include "aether/nats/store.hpp"
#include "nats/nats_server.hpp"

#include <memory>
#include <string>
#include <vector>

namespace aether::tests {

/// The servers of the whole run. AETHER_NATS_SERVERS chooses them: "2.9", "2.15" (where nothing is
/// said), "2.9-cluster", "2.15-cluster".
class Servers {
 public:
  virtual ~Servers() = default;
  [[nodiscard]] virtual std::vector<std::string> urls() const = 0;
  [[nodiscard]] virtual unsigned replicas() const = 0;
};

/// Started by the first call. What cannot be had is thrown as std::runtime_error, here and below.
const Servers& servers();
[[nodiscard]] ServerVersion chosen_version();

[[nodiscard]] std::shared_ptr<nats::Connection> connect();
/// On a stream with a replica on each of the servers.
[[nodiscard]] std::unique_ptr<nats::Store> open_store(
    const std::shared_ptr<nats::Connection>& connection, const Namespace& ns,
    nats::StoreOptions options = {});

[[nodiscard]] std::unique_ptr<SnapshotStore> open_snapshot_store(
    const std::shared_ptr<nats::Connection>& connection, const Namespace& ns,
    nats::SnapshotStoreOptions options = {});

[[nodiscard]] std::shared_ptr<Registry> open_node_registry(
    const std::shared_ptr<nats::Connection>& connection, const Namespace& ns,
    nats::RegistryOptions options = {});

/// One that nobody has used, whose stream of events is there.
[[nodiscard]] Namespace take_namespace();
/// The same with a stream of snapshots instead.
[[nodiscard]] Namespace take_snapshot_namespace();
/// The same with a registry's bucket.
[[nodiscard]] Namespace take_registry_namespace();

}  // namespace aether::tests
