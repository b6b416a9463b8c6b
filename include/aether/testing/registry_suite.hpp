// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/cluster/registry.hpp"

#include <functional>
#include <memory>
#include <string>

namespace aether::testing {

/// An empty registry under test, and what it needs to live (a server). Destroyed after each test.
class RegistryHarness {
 public:
  virtual ~RegistryHarness() = default;

  [[nodiscard]] virtual Registry& registry() = 0;

  /// The same keys as another node sees them: over a connection of its own, where there are any.
  [[nodiscard]] virtual Registry& other() { return registry(); }
};

/// Registers the conformance suite of registries with GoogleTest, as "<name>Registry.<test>": what
/// leases and all that is built on them rely on. Call it before RUN_ALL_TESTS, for example from a
/// static initializer. `make_harness` is called for each test.
bool register_registry_suite(const std::string& name,
                             std::function<std::unique_ptr<RegistryHarness>()> make_harness);

}  // namespace aether::testing
