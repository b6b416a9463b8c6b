// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/bus/event_bus.hpp"

#include <functional>
#include <memory>
#include <string>

namespace aether::testing {

/// A bus under test, and what it needs to live (a server). Destroyed after each test.
class EventBusHarness {
 public:
  virtual ~EventBusHarness() = default;

  /// The bus on which the tests publish. The same one at each call.
  [[nodiscard]] virtual EventBus& bus() = 0;

  /// The bus on which the tests subscribe: the same, or another that is reached from it, as that of
  /// another process would be.
  [[nodiscard]] virtual EventBus& subscribers_bus() { return bus(); }
};

struct EventBusTraits {
  /// Publishers and subscribers share a process: `Overflow::block` makes a publisher wait, and what
  /// is published has been received, by all, when `publish` returns.
  bool within_process = true;
};

/// Registers the conformance suite of the event bus contract with GoogleTest, as
/// "<name>EventBus.<test>": what every bus must do, and what a wrong one is likely to get wrong (a
/// namespace that leaks, an event lost without a word, a handler that holds up another). Call it
/// before RUN_ALL_TESTS, for example from a static initializer:
///
///     const bool registered = register_event_bus_suite("Mine", make_harness, {});
///
/// `make_harness` is called for each test.
bool register_event_bus_suite(const std::string& name,
                              std::function<std::unique_ptr<EventBusHarness>()> make_harness,
                              const EventBusTraits& traits);

}  // namespace aether::testing
