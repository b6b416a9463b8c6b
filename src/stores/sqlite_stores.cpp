// SPDX-License-Identifier: Apache-2.0
#include "aether/sqlite/store.hpp"
#include "stores/kinds.hpp"

#include <utility>

namespace aether {

namespace {

class SqliteStores final : public Stores {
 public:
  explicit SqliteStores(std::unique_ptr<sqlite::Store> store) : store_(std::move(store)) {}

  EventStore& events() override { return *store_; }
  Result<SnapshotStore*> snapshots() override { return &store_->snapshots(); }

 private:
  std::unique_ptr<sqlite::Store> store_;
};

}  // namespace

Result<std::unique_ptr<Stores>> open_sqlite_stores(const std::string& path,
                                                   const StoresOptions& options) {
  const auto access = options.read_only ? sqlite::Access::read_only : sqlite::Access::read_write;
  auto store = sqlite::open(
      path,
      {.access = access, .limits = options.limits, .clock = options.clock, .log = options.log});
  if (!store) return std::unexpected(std::move(store.error()));
  return std::make_unique<SqliteStores>(std::move(*store));
}

}  // namespace aether
