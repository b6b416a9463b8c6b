// SPDX-License-Identifier: Apache-2.0
#include "aether/store/replay.hpp"

#include "aether/core/chain.hpp"
#include "core/text.hpp"

#include <algorithm>
#include <utility>

namespace aether::detail {

namespace {

std::unexpected<Error> cannot_fold(const StoredEvent& event, Error error) {
  error.message = concat("version ", event.version, " of ", quoted(event.actor_id),
                         " cannot be folded into the state: ", error.message);
  error.actor_id = event.actor_id;
  error.actor_version = event.version;
  error.position = event.position;
  return std::unexpected(std::move(error));
}

/// Nothing can stand before version 1; and what the chain begins with is the first.
Result<void> check_beginning(const StoredEvent& first) {
  const bool is_whole =
      first.version == 1 || first.hash == Hash{} || first.hash == chain_hash(Hash{}, first);
  if (is_whole) return {};
  return std::unexpected(
      Error{.code = Errc::not_found,
            .message = concat("the history of ", quoted(first.actor_id), " is there from version ",
                              first.version,
                              " on, and what stood before was removed: replay from a "
                              "snapshot, or ask for what is left (allow_shortened)"),
            .actor_id = first.actor_id,
            .actor_version = first.version,
            .position = first.position});
}

}  // namespace

Result<Progress> fold_events(EventStore& store, std::string_view actor_id, Version from,
                             const ReplayOptions& options, const Fold& fold) {
  const Version until = std::min(options.until_version, kMaxVersion);
  Progress progress{.version = from};
  while (progress.version < until) {
    // Versions strictly increase, so there are no more events than versions.
    const auto page = static_cast<std::size_t>(
        std::min<Version>(std::max<std::size_t>(options.page_size, 1), until - progress.version));
    const auto events = store.read(actor_id, {.from_version = progress.version + 1, .limit = page});
    if (!events) return std::unexpected(events.error());
    if (progress.version == 0 && !events->empty() && !options.allow_shortened) {
      if (auto whole = check_beginning(*events->front()); !whole) {
        return std::unexpected(std::move(whole.error()));
      }
    }
    for (const EventPtr& event : *events) {
      if (event->version > until || event->timestamp > options.until_time) return progress;
      if (event->version <= progress.version) {
        return std::unexpected(Error{
            .code = Errc::corrupt,
            .message = concat(quoted(actor_id), " has version ", event->version, " after version ",
                              progress.version, ": run verify, and restore a backup"),
            .position = event->position});
      }
      if (auto folded = fold(event); !folded) return cannot_fold(*event, std::move(folded.error()));
      progress.version = event->version;
      ++progress.events;
    }
    if (events->size() < page) break;
  }
  return progress;
}

std::optional<Snapshot> usable_snapshot(EventStore& store, SnapshotStore& snapshots,
                                        std::string_view actor_id, std::string_view schema,
                                        const ReplayOptions& options) {
  // Timestamps need not increase with versions: that a snapshot holds no event after `until_time`
  // could be proven only by reading all that it saves reading.
  if (options.until_time != Timestamp::max()) return std::nullopt;

  auto snapshot = snapshots.load(actor_id);
  if (!snapshot) {
    if (snapshot.error().code != Errc::not_found) {
      count_ignored(options, actor_id, snapshot.error().message);
    }
    return std::nullopt;
  }
  if (snapshot->schema != schema) {
    count_ignored(options, actor_id,
                  concat("its schema is ", quoted(snapshot->schema), ", not ", quoted(schema)));
    return std::nullopt;
  }
  const auto latest = store.latest_version(actor_id);
  if (!latest) {
    count_ignored(options, actor_id, latest.error().message);
    return std::nullopt;
  }
  if (snapshot->version == 0 || snapshot->version > *latest) {
    count_ignored(options, actor_id,
                  concat("it is at version ", snapshot->version, ", the actor's history at ",
                         *latest, ": it is of another history"));
    return std::nullopt;
  }
  // Newer than the moment asked for: a good snapshot, only of no use here.
  if (snapshot->version > options.until_version) return std::nullopt;
  return std::move(*snapshot);
}

void count_ignored(const ReplayOptions& options, std::string_view actor_id, std::string_view why) {
  if (options.counters != nullptr) ++options.counters->snapshots_ignored;
  if (options.log) {
    options.log(LogLevel::warning, concat("ignored the snapshot of ", quoted(actor_id), ": ", why));
  }
}

void count_replay(const ReplayOptions& options, const Progress& progress, bool snapshot_used) {
  if (options.counters == nullptr) return;
  ++options.counters->replays;
  options.counters->events += progress.events;
  if (snapshot_used) ++options.counters->snapshots_used;
}

}  // namespace aether::detail
