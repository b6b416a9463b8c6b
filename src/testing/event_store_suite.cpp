// SPDX-License-Identifier: Apache-2.0
#include "aether/testing/event_store_suite.hpp"

#include "testing/event_store_fixture.hpp"

#include <utility>

namespace aether::testing {

bool register_event_store_suite(
    const std::string& name,
    std::function<std::unique_ptr<EventStoreHarness>(const Clock& clock)> make_harness,
    const EventStoreTraits& traits) {
  const auto subject = std::make_shared<const Subject>(Subject{std::move(make_harness), traits});
  const std::string suite = name + "EventStore";
  for (const Cases& cases :
       {append_cases(), repeat_cases(), bad_input_cases(), content_cases(), read_cases(),
        read_all_cases(), chain_cases(), reopen_cases(), async_cases(), subscribe_cases(),
        subscription_end_cases(), concurrency_cases(), history_cases()}) {
    for (const Case& one : cases) {
      ::testing::RegisterTest(suite.c_str(), one.name, nullptr, nullptr, one.where.file_name(),
                              static_cast<int>(one.where.line()),
                              [subject, run = one.run]() -> EventStoreTest* {
                                // gtest owns it
                                return new EventStoreTest(subject, run);
                              });
    }
  }
  return true;
}

}  // namespace aether::testing
