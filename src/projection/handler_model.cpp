// SPDX-License-Identifier: Apache-2.0
#include "aether/projection/checkpoints.hpp"
#include "core/text.hpp"
#include "projection/handled.hpp"
#include "projection/parked_list.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

namespace aether {

namespace {

class HandlerModel final : public ReadModel {
 public:
  HandlerModel(ProjectionHandler handler, CheckpointStore& checkpoints)
      : handler_(std::move(handler)), checkpoints_(checkpoints) {}

  [[nodiscard]] Result<ProjectionState> load(const Projection& projection) override {
    const std::scoped_lock lock(mutex_);
    const std::string key = projection_key(projection);
    if (auto ok = check_partitions(projection); !ok) return std::unexpected(std::move(ok.error()));
    auto record = checkpoints_.load(key);
    if (!record) return std::unexpected(std::move(record.error()));
    if (*record) {
      if (auto ok = check_same(projection, **record); !ok) {
        return std::unexpected(std::move(ok.error()));
      }
    }
    Kept& kept = kept_[key];
    kept.record = record->value_or(new_record(projection));
    kept.handled = kept.record.checkpoint.position;
    return ProjectionState{.checkpoint = kept.record.checkpoint,
                           .parked = kept.record.parked,
                           .revision = ++kept.revision};
  }

  [[nodiscard]] Result<std::uint64_t> apply(const Projection& projection,
                                            const Batch& batch) override {
    const std::scoped_lock lock(mutex_);
    const std::string key = projection_key(projection);
    Kept& kept = kept_[key];
    if (kept.revision != batch.revision) {
      return fail(Errc::version_conflict,
                  concat("the projection ", quoted(key), " is fed by two projectors"));
    }
    for (const EventPtr& event : batch.events) {
      const bool again = std::ranges::find(batch.unpark, event->position) != batch.unpark.end();
      if (!again && event->position <= kept.handled) continue;  // handled, but not saved yet
      if (auto handled = handle_event([&] { return handler_(event); }, event); !handled) {
        return std::unexpected(std::move(handled.error()));
      }
      if (!again) kept.handled = event->position;
    }
    CheckpointRecord record = kept.record;
    record.checkpoint = batch.reached;
    update_parked(record.parked, batch.unpark, batch.park);
    if (auto saved = checkpoints_.save(key, record); !saved) return told(std::move(saved.error()));
    kept.record = std::move(record);
    return ++kept.revision;
  }

 private:
  static CheckpointRecord new_record(const Projection& projection) {
    return {.filter = format_filter(projection.filter), .partitions = projection.partition.count};
  }

  /// All partitions must be as many: else some would have been passed over, or be handled again.
  [[nodiscard]] Result<void> check_partitions(const Projection& projection) {
    if (projection.partition.count <= 1) return {};  // what is under the name is its own
    auto found = checkpoints_.load(projection.name);
    if (!found) return std::unexpected(std::move(found.error()));
    if (!*found) {
      auto saved = checkpoints_.save(projection.name, new_record(projection));
      if (saved || saved.error().code != Errc::version_conflict) return saved;
      found = checkpoints_.load(projection.name);  // another partition was quicker
      if (!found) return std::unexpected(std::move(found.error()));
    }
    return *found ? check_same(projection, **found) : Result<void>();
  }

  static Result<void> check_same(const Projection& projection, const CheckpointRecord& kept) {
    if (kept.partitions != projection.partition.count) {
      return fail(Errc::invalid_argument,
                  concat("the projection ", quoted(projection.name), " is kept in ",
                         kept.partitions, " partitions, and not in ", projection.partition.count,
                         ": what they have handled would come again. Choose another name"));
    }
    const std::string filter = format_filter(projection.filter);
    if (kept.filter == filter) return {};
    return fail(Errc::invalid_argument,
                concat("the checkpoint of the projection ", quoted(projection.name),
                       " is of the filter ", quoted(kept.filter), ", not ", quoted(filter),
                       ": what it passed over is missing. Choose another name"));
  }

  struct Kept {
    CheckpointRecord record{};
    std::uint64_t revision = 0;
    Position handled = 0;  // by this process, saved or not
  };

  /// Of the store of checkpoints, and so of no event. What nobody knows is tried again, too: a
  /// checkpoint may be saved twice. That another has saved it is a conflict, as it is.
  static std::unexpected<Error> told(Error error) {
    const bool is_told = error.code == Errc::corrupt || error.code == Errc::permission_denied ||
                         error.code == Errc::closed || error.code == Errc::version_conflict;
    if (!is_told) error.code = Errc::unavailable;
    error.position = 0;
    return std::unexpected(std::move(error));
  }

  ProjectionHandler handler_;
  CheckpointStore& checkpoints_;
  std::mutex mutex_;  // guards kept_; one handler at a time
  std::map<std::string, Kept> kept_;
};

}  // namespace

std::unique_ptr<ReadModel> make_read_model(ProjectionHandler handler,
                                           CheckpointStore& checkpoints) {
  return std::make_unique<HandlerModel>(std::move(handler), checkpoints);
}

}  // namespace aether
