// SPDX-License-Identifier: Apache-2.0
//
// Is the conformance suite of stores any good? `planted_store_test --bug NAME` runs it on a store
// with that bug.
#include "aether/testing/event_store_suite.hpp"
#include "planted/store.hpp"
#include "planted/suite_in_child.hpp"

#include <memory>
#include <string_view>

namespace aether::planted {
namespace {

class Harness final : public testing::EventStoreHarness {
 public:
  Harness(Bug bug, const Clock& clock)
      : bug_(bug), clock_(clock), store_(make_store(bug_, disk_, clock_)) {}

  EventStore& store() override { return *store_; }

  bool reopen() override {
    store_.reset();
    store_ = make_store(bug_, disk_, clock_);
    return true;
  }

 private:
  const Bug bug_;
  const Clock& clock_;
  const std::shared_ptr<Disk> disk_ = std::make_shared<Disk>();
  std::unique_ptr<EventStore> store_;
};

void register_suite_with(std::string_view name) {
  const Bug bug = Bug::of(name);
  testing::register_event_store_suite(
      "Planted",
      [bug](const Clock& clock) -> std::unique_ptr<testing::EventStoreHarness> {
        return std::make_unique<Harness>(bug, clock);
      },
      {.chained = true});
}

}  // namespace
}  // namespace aether::planted

int main(int argc, char** argv) {
  return aether::planted::run_planted(argc, argv, aether::planted::kBugs, "3000",
                                      aether::planted::register_suite_with);
}
