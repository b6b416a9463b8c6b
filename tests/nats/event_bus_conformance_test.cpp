// SPDX-License-Identifier: Apache-2.0
#include "aether/nats/bus.hpp"
#include "aether/testing/event_bus_suite.hpp"
#include "nats/chosen_servers.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>

namespace aether {
namespace {

/// Two connections, as two processes have them, to one server: another server of a cluster hears
/// of a subscription a moment later.
class NatsBusHarness final : public testing::EventBusHarness {
 public:
  EventBus& bus() override { return *bus_; }
  EventBus& subscribers_bus() override { return *subscribers_bus_; }

 private:
  static std::unique_ptr<EventBus> open() {
    const auto connection = nats::connect({.urls = {tests::servers().urls().front()}});
    if (!connection) throw std::runtime_error(connection.error().message);
    auto bus = nats::open_bus(*connection);
    if (!bus) throw std::runtime_error(bus.error().message);
    return std::move(*bus);
  }

  std::unique_ptr<EventBus> bus_ = open();
  std::unique_ptr<EventBus> subscribers_bus_ = open();
};

// NOLINTNEXTLINE(cert-err58-cpp): a program that cannot register its tests had better end
const bool kRegistered =
    testing::register_event_bus_suite("Nats",
                                      []() -> std::unique_ptr<testing::EventBusHarness> {
                                        return std::make_unique<NatsBusHarness>();
                                      },
                                      {.within_process = false});

}  // namespace
}  // namespace aether
