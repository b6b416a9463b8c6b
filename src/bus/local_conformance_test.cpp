// SPDX-License-Identifier: Apache-2.0
#include "aether/bus/local.hpp"
#include "aether/testing/event_bus_suite.hpp"

#include <memory>

namespace aether::testing {
namespace {

class LocalHarness final : public EventBusHarness {
 public:
  EventBus& bus() override { return *bus_; }

 private:
  std::unique_ptr<EventBus> bus_ = make_local_bus();
};

// NOLINTNEXTLINE(cert-err58-cpp): a program that cannot register its tests had better end
const bool kRegistered = register_event_bus_suite(
    "Local", []() -> std::unique_ptr<EventBusHarness> { return std::make_unique<LocalHarness>(); },
    {.within_process = true});

}  // namespace
}  // namespace aether::testing
