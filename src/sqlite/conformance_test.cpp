// SPDX-License-Identifier: Apache-2.0
#include "aether/sqlite/store.hpp"
#include "aether/testing/event_store_suite.hpp"
#include "sqlite/test_folder.hpp"

#include <memory>

namespace aether::sqlite {
namespace {

/// Both suites run on one kind of harness: a database in a folder of its own.
class Database {
 public:
  explicit Database(const Clock& clock) {
    options_.clock = &clock;
    reopen();
  }

  Store& store() { return *store_; }
  void reopen() {
    store_.reset();
    store_ = open(folder_.file("events.db"), options_).value();
  }

 private:
  TestFolder folder_;
  Options options_;
  std::unique_ptr<Store> store_;
};

class EventHarness final : public testing::EventStoreHarness {
 public:
  explicit EventHarness(const Clock& clock) : database_(clock) {}
  EventStore& store() override { return database_.store(); }
  bool reopen() override {
    database_.reopen();
    return true;
  }

 private:
  Database database_;
};

class SnapshotHarness final : public testing::SnapshotStoreHarness {
 public:
  explicit SnapshotHarness(const Clock& clock) : database_(clock) {}
  SnapshotStore& store() override { return database_.store().snapshots(); }
  bool reopen() override {
    database_.reopen();
    return true;
  }

 private:
  Database database_;
};

const bool kEventSuite = testing::register_event_store_suite(
    "Sqlite", [](const Clock& clock) { return std::make_unique<EventHarness>(clock); }, {});

const bool kSnapshotSuite = testing::register_snapshot_store_suite(
    "Sqlite", [](const Clock& clock) { return std::make_unique<SnapshotHarness>(clock); });

}  // namespace
}  // namespace aether::sqlite
