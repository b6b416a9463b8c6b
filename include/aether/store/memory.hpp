// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/time.hpp"
#include "aether/store/event_store.hpp"
#include "aether/store/limits.hpp"
#include "aether/store/snapshot_store.hpp"

#include <memory>

namespace aether {

struct MemoryStoreOptions {
  Limits limits{};
  bool chain = false;            ///< compute the audit chain; costs about a microsecond an event
  const Clock* clock = nullptr;  ///< must outlive the store; null: the system's
};

/// A store for tests and caches: gone with the process. Events of different actors are appended in
/// parallel; a read hands out the stored events themselves.
[[nodiscard]] std::unique_ptr<EventStore> make_memory_event_store(
    const MemoryStoreOptions& options = {});

/// `clock` must outlive the store; null: the system's.
[[nodiscard]] std::unique_ptr<SnapshotStore> make_memory_snapshot_store(
    const Clock* clock = nullptr);

}  // namespace aether
