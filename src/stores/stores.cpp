// SPDX-License-Identifier: Apache-2.0
#include "aether/stores/stores.hpp"

#include "aether/store/memory.hpp"
#include "stores/kinds.hpp"

namespace aether {

namespace {

class MemoryStores final : public Stores {
 public:
  explicit MemoryStores(const StoresOptions& options)
      : events_(make_memory_event_store(
            {.limits = options.limits, .chain = true, .clock = options.clock})),
        snapshots_(make_memory_snapshot_store(options.clock)) {}

  EventStore& events() override { return *events_; }
  Result<SnapshotStore*> snapshots() override { return snapshots_.get(); }

 private:
  std::unique_ptr<EventStore> events_;
  std::unique_ptr<SnapshotStore> snapshots_;
};

}  // namespace

Result<std::unique_ptr<Stores>> open_stores(std::string_view url, const StoresOptions& options) {
  const auto parsed = parse_store_url(url);
  if (!parsed) return std::unexpected(parsed.error());
  switch (parsed->kind) {
    case StoreUrl::Kind::sqlite:
      return open_sqlite_stores(parsed->path, options);
    case StoreUrl::Kind::nats:
      return open_nats_stores(*parsed->nats, options);
    case StoreUrl::Kind::memory:
      break;
  }
  return std::make_unique<MemoryStores>(options);
}

}  // namespace aether
