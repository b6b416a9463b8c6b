// SPDX-License-Identifier: Apache-2.0
#include "aether/testing/event_bus_suite.hpp"

#include "testing/event_bus_fixture.hpp"

#include <utility>

namespace aether::testing {

bool register_event_bus_suite(const std::string& name,
                              std::function<std::unique_ptr<EventBusHarness>()> make_harness,
                              const EventBusTraits& traits) {
  const auto subject =
      std::make_shared<const BusSubject>(BusSubject{std::move(make_harness), traits});
  const std::string suite = name + "EventBus";
  for (const BusCases& cases : {bus_publish_cases(), bus_queue_cases(), bus_handler_cases(),
                                bus_end_cases(), bus_concurrency_cases()}) {
    for (const BusCase& one : cases) {
      ::testing::RegisterTest(suite.c_str(), one.name, nullptr, nullptr, one.where.file_name(),
                              static_cast<int>(one.where.line()),
                              [subject, run = one.run]() -> EventBusTest* {
                                return new EventBusTest(subject, run);  // gtest owns it
                              });
    }
  }
  return true;
}

}  // namespace aether::testing
