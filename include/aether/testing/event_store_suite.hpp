// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/time.hpp"
#include "aether/store/event_store.hpp"
#include "aether/store/snapshot_store.hpp"

#include <functional>
#include <memory>
#include <string>

namespace aether::testing {

/// A store under test, and what it needs to live (a temporary folder, a server). Destroyed after
/// each test.
class EventStoreHarness {
 public:
  virtual ~EventStoreHarness() = default;

  /// The store. The same one at each call, until `reopen`.
  [[nodiscard]] virtual EventStore& store() = 0;

  /// Closes the store and opens it again over what it kept. False: it keeps nothing.
  virtual bool reopen() { return false; }
};

struct EventStoreTraits {
  bool chained = true;         ///< events carry audit chain hashes
  bool several_actors = true;  ///< false: a commit of several actors must be `unsupported`
};

/// Registers the conformance suite of the event store contract with GoogleTest, as
/// "<name>EventStore.<test>": what every store must do, and what a wrong one is likely to get
/// wrong (no lock, a check skipped, an early acknowledgement, a tail that is never woken). Call it
/// before RUN_ALL_TESTS, for example from a static initializer:
///
///     const bool registered = register_event_store_suite("Mine", make_harness, {});
///
/// `make_harness` is called for each test with the clock that the store is to use; the clock
/// outlives the harness.
bool register_event_store_suite(
    const std::string& name,
    std::function<std::unique_ptr<EventStoreHarness>(const Clock& clock)> make_harness,
    const EventStoreTraits& traits);

class SnapshotStoreHarness {
 public:
  virtual ~SnapshotStoreHarness() = default;
  [[nodiscard]] virtual SnapshotStore& store() = 0;
  virtual bool reopen() { return false; }
};

/// The same for snapshot stores, as "<name>SnapshotStore.<test>".
bool register_snapshot_store_suite(
    const std::string& name,
    std::function<std::unique_ptr<SnapshotStoreHarness>(const Clock& clock)> make_harness);

}  // namespace aether::testing
