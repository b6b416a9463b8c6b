// SPDX-License-Identifier: Apache-2.0
// The conformance suite of aether::testing, run on the memory store as on a store of one's own.
#include "aether/store/memory.hpp"
#include "aether/testing/event_store_suite.hpp"

namespace {

class Harness final : public aether::testing::EventStoreHarness {
 public:
  explicit Harness(const aether::Clock& clock)
      : store_(aether::make_memory_event_store({.chain = true, .clock = &clock})) {}
  aether::EventStore& store() override { return *store_; }

 private:
  std::unique_ptr<aether::EventStore> store_;
};

const bool kRegistered = aether::testing::register_event_store_suite(
    "Mine", [](const aether::Clock& clock) { return std::make_unique<Harness>(clock); }, {});

}  // namespace
