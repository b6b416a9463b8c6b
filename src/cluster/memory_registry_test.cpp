// SPDX-License-Identifier: Apache-2.0
#include "aether/cluster/registry.hpp"
#include "aether/testing/registry_suite.hpp"

#include <memory>

namespace aether::testing {
namespace {

class MemoryHarness final : public RegistryHarness {
 public:
  Registry& registry() override { return *registry_; }

 private:
  std::shared_ptr<Registry> registry_ = make_memory_registry(*make_scheduler());
};

// NOLINTNEXTLINE(cert-err58-cpp): a program that cannot register its tests had better end
const bool kRegistered = register_registry_suite(
    "Memory",
    []() -> std::unique_ptr<RegistryHarness> { return std::make_unique<MemoryHarness>(); });

}  // namespace
}  // namespace aether::testing
