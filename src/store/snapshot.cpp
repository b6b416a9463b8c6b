// SPDX-License-Identifier: Apache-2.0
#include "aether/store/memory.hpp"
#include "aether/store/snapshot_store.hpp"
#include "core/json_text.hpp"
#include "core/text.hpp"

#include <functional>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <utility>

namespace aether {

namespace {

Result<void> check_snapshot_data(const Data& data, std::size_t max_bytes) {
  if (data.size() > max_bytes) {
    return fail(Errc::too_large,
                concat("a snapshot may have ", max_bytes, " bytes of data; this one has ",
                       data.size(), ": keep less in the state, or raise the limit"));
  }
  if (!data.is_json()) return check_name("content type", data.content_type());
  if (data.is_checked()) return {};
  auto checked = check_json(data.text(), kDefaultJsonDepth);
  if (!checked) checked.error().message = concat("data: ", checked.error().message);
  return checked;
}

class MemorySnapshotStore final : public SnapshotStore {
 public:
  explicit MemorySnapshotStore(const Clock& clock) : clock_(clock) {}

  Result<void> save(Snapshot snapshot) override {
    if (auto ok = prepare_snapshot(snapshot, kDefaultMaxSnapshotBytes, clock_); !ok) {
      return ok;
    }
    const std::unique_lock lock(mutex_);
    const auto [found, added] = snapshots_.try_emplace(snapshot.actor_id);
    if (added || found->second.version <= snapshot.version) found->second = std::move(snapshot);
    return {};
  }

  Result<Snapshot> load(std::string_view actor_id) override {
    const std::shared_lock lock(mutex_);
    if (const auto found = snapshots_.find(actor_id); found != snapshots_.end()) {
      return found->second;
    }
    return fail(Errc::not_found, concat("there is no snapshot of ", quoted(actor_id)));
  }

  Result<void> remove(std::string_view actor_id) override {
    const std::unique_lock lock(mutex_);
    if (const auto found = snapshots_.find(actor_id); found != snapshots_.end()) {
      snapshots_.erase(found);
    }
    return {};
  }

 private:
  const Clock& clock_;
  std::shared_mutex mutex_;  // guards snapshots_
  std::map<std::string, Snapshot, std::less<>> snapshots_;
};

}  // namespace

Result<void> prepare_snapshot(Snapshot& snapshot, std::size_t max_bytes, const Clock& clock) {
  if (auto ok = check_name("actor id", snapshot.actor_id); !ok) return ok;
  if (snapshot.version == 0 || snapshot.version > kMaxVersion) {
    return fail(Errc::invalid_argument, concat("version: a snapshot's is from 1 to ", kMaxVersion,
                                               "; this one's is ", snapshot.version));
  }
  if (auto ok = check_name("schema", snapshot.schema); !ok) return ok;
  if (auto ok = check_snapshot_data(snapshot.data, max_bytes); !ok) return ok;
  if (snapshot.timestamp == kNoTimestamp) snapshot.timestamp = clock.now();
  return {};
}

std::unique_ptr<SnapshotStore> make_memory_snapshot_store(const Clock* clock) {
  return std::make_unique<MemorySnapshotStore>(clock != nullptr ? *clock : system_clock());
}

}  // namespace aether
