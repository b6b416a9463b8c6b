// SPDX-License-Identifier: Apache-2.0
#include "aether/testing/event_store_suite.hpp"

#include "testing/snapshot_store_fixture.hpp"

#include <utility>

namespace aether::testing {

bool register_snapshot_store_suite(
    const std::string& name,
    std::function<std::unique_ptr<SnapshotStoreHarness>(const Clock& clock)> make_harness) {
  const auto shared =
      std::make_shared<const SnapshotStoreTest::MakeHarness>(std::move(make_harness));
  const std::string suite = name + "SnapshotStore";
  for (const SnapshotCase& one : snapshot_cases()) {
    ::testing::RegisterTest(suite.c_str(), one.name, nullptr, nullptr, one.where.file_name(),
                            static_cast<int>(one.where.line()),
                            [shared, run = one.run]() -> SnapshotStoreTest* {
                              // gtest owns it
                              return new SnapshotStoreTest(shared, run);
                            });
  }
  return true;
}

}  // namespace aether::testing
