// SPDX-License-Identifier: Apache-2.0
//
// Is the conformance suite of buses any good? `planted_bus_test --bug NAME` runs it on a bus with
// that bug.
#include "aether/testing/event_bus_suite.hpp"
#include "planted/bus.hpp"
#include "planted/suite_in_child.hpp"

#include <memory>
#include <string_view>

namespace aether::planted {
namespace {

class Harness final : public testing::EventBusHarness {
 public:
  explicit Harness(BusBug bug) : bus_(make_bus(bug)) {}
  EventBus& bus() override { return *bus_; }

 private:
  std::unique_ptr<EventBus> bus_;
};

void register_suite_with(std::string_view name) {
  const BusBug bug = BusBug::of(name);
  testing::register_event_bus_suite("Planted",
                                    [bug]() -> std::unique_ptr<testing::EventBusHarness> {
                                      return std::make_unique<Harness>(bug);
                                    },
                                    {.within_process = true});
}

}  // namespace
}  // namespace aether::planted

int main(int argc, char** argv) {
  return aether::planted::run_planted(argc, argv, aether::planted::kBusBugs, "500",
                                      aether::planted::register_suite_with);
}
