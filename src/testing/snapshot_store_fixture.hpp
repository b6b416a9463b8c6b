// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/store/snapshot_store.hpp"
#include "aether/testing/event_store_suite.hpp"
#include "aether/testing/manual_clock.hpp"
#include "testing/matchers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <source_location>
#include <string>
#include <utility>
#include <vector>

namespace aether::testing {

/// The fixture of the snapshot stores' suite, and the language in which its cases are told.
class SnapshotStoreTest : public ::testing::Test {
 public:
  using MakeHarness = std::function<std::unique_ptr<SnapshotStoreHarness>(const Clock& clock)>;
  using Run = void (*)(SnapshotStoreTest& t);

  SnapshotStoreTest(std::shared_ptr<const MakeHarness> make_harness, Run run)
      : make_harness_(std::move(make_harness)), run_(run) {}

  [[nodiscard]] SnapshotStore& store() { return harness_->store(); }
  [[nodiscard]] ManualClock& clock() { return clock_; }
  /// False: the store keeps nothing, and the case should skip the rest.
  [[nodiscard]] bool reopen() { return harness_->reopen(); }

  /// These expect success.
  void save(const Snapshot& snapshot) { EXPECT_THAT(store().save(snapshot), Succeeds()); }
  [[nodiscard]] Snapshot load(const std::string& actor_id) {
    auto snapshot = store().load(actor_id);
    EXPECT_THAT(snapshot, Succeeds());
    return snapshot ? std::move(*snapshot) : Snapshot();
  }

  void SetUp() override {
    harness_ = (*make_harness_)(clock_);
    ASSERT_NE(harness_, nullptr) << "the harness could not be made";
  }
  void TestBody() override { run_(*this); }
  void TearDown() override { harness_.reset(); }

 private:
  const std::shared_ptr<const MakeHarness> make_harness_;
  const Run run_;
  ManualClock clock_{Timestamp{std::chrono::nanoseconds{1'700'000'000'123'456'789}}};
  std::unique_ptr<SnapshotStoreHarness> harness_;
};

/// One test of the suite. The name is the claim.
struct SnapshotCase {
  SnapshotCase(const char* claim, SnapshotStoreTest::Run body,
               std::source_location place = std::source_location::current())
      : name(claim), run(body), where(place) {}

  const char* name;
  SnapshotStoreTest::Run run;
  std::source_location where;
};

[[nodiscard]] std::vector<SnapshotCase> snapshot_cases();

}  // namespace aether::testing
