// SPDX-License-Identifier: Apache-2.0
#include "aether/store/memory.hpp"
#include "aether/testing/event_store_suite.hpp"

#include <memory>

namespace aether::testing {
namespace {

class MemoryHarness final : public EventStoreHarness {
 public:
  MemoryHarness(const Clock& clock, bool chain)
      : store_(make_memory_event_store({.chain = chain, .clock = &clock})) {}
  EventStore& store() override { return *store_; }

 private:
  std::unique_ptr<EventStore> store_;
};

class MemorySnapshotHarness final : public SnapshotStoreHarness {
 public:
  explicit MemorySnapshotHarness(const Clock& clock) : store_(make_memory_snapshot_store(&clock)) {}
  SnapshotStore& store() override { return *store_; }

 private:
  std::unique_ptr<SnapshotStore> store_;
};

auto harness(bool chain) {
  return [chain](const Clock& clock) -> std::unique_ptr<EventStoreHarness> {
    return std::make_unique<MemoryHarness>(clock, chain);
  };
}

// NOLINTNEXTLINE(cert-err58-cpp): a program that cannot register its tests had better end
const bool kRegistered =
    register_event_store_suite("Memory", harness(false), {.chained = false}) &&
    register_event_store_suite("ChainedMemory", harness(true), {.chained = true}) &&
    register_snapshot_store_suite("Memory",
                                  [](const Clock& clock) -> std::unique_ptr<SnapshotStoreHarness> {
                                    return std::make_unique<MemorySnapshotHarness>(clock);
                                  });

}  // namespace
}  // namespace aether::testing
