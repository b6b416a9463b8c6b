// SPDX-License-Identifier: Apache-2.0
#include "aether/nats/snapshots.hpp"

#include "core/deadline.hpp"
#include "core/text.hpp"
#include "nats/api.hpp"
#include "nats/session.hpp"
#include "nats/snapshot_message.hpp"
#include "nats/stream.hpp"
#include "nats/waiting.hpp"

#include <algorithm>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace aether::nats {

namespace {

using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;
using Deadline = SteadyClock::time_point;
using Found = StreamApi::Found;

/// Whether `message` is to be stored where `last` is the actor's last message.
Result<bool> is_to_be_saved(const Namespace& ns, const OutgoingSnapshot& message,
                            const Found& last) {
  if (!last) return true;
  if (has_unknown_format(*last)) {
    return fail(Errc::unsupported,
                concat("the snapshot on ", quoted(message.subject), " has the format ",
                       quoted(last->format),
                       ", and this version knows 1: upgrade this program, or remove that one"));
  }
  const auto decoded = decode_snapshot(ns, *last);
  if (!decoded) return true;  // of no use to anybody
  const std::optional<Snapshot>& stored = *decoded;
  if (!stored || stored->version < message.version) return true;
  return stored->version == message.version && last->body != message.body;
}

bool is_removal(const Namespace& ns, const StoredMessage& message) {
  const auto decoded = decode_snapshot(ns, message);
  return decoded && !decoded->has_value();
}

std::unexpected<Error> none_of(std::string_view actor_id) {
  return fail(Errc::not_found, concat("there is no snapshot of ", quoted(actor_id)));
}

struct Settings {
  bool ask_leader = true;    ///< replicas may be behind
  bool message_ids = false;  ///< see `AppenderOptions`
};

class JetStreamSnapshotStore final : public SnapshotStore {
 public:
  JetStreamSnapshotStore(std::shared_ptr<Connection> connection, std::unique_ptr<StreamApi> api,
                         Namespace ns, const SnapshotStoreOptions& options, Settings settings)
      : connection_(std::move(connection)),
        api_(std::move(api)),
        ns_(std::move(ns)),
        options_(options),
        settings_(settings),
        clock_(options.clock != nullptr ? *options.clock : system_clock()) {}

  Result<void> save(Snapshot snapshot) override {
    const auto prepared = prepare_snapshot(snapshot, options_.max_snapshot_bytes, clock_);
    if (!prepared) return prepared;
    const OutgoingSnapshot message = encode_snapshot(ns_, snapshot);
    return put(message, [&](const Found& last) { return is_to_be_saved(ns_, message, last); });
  }

  Result<Snapshot> load(std::string_view actor_id) override {
    if (!check_name("actor id", actor_id)) return none_of(actor_id);
    const auto found =
        last_message(snapshot_subject(ns_, actor_id), deadline_after(options_.timeout));
    if (!found) return std::unexpected(found.error());
    const Found& last = *found;
    if (!last) return none_of(actor_id);
    auto decoded = decode_snapshot(ns_, *last);
    if (!decoded) {
      decoded.error().actor_id = actor_id;
      return std::unexpected(std::move(decoded.error()));
    }
    std::optional<Snapshot>& snapshot = *decoded;
    if (!snapshot) return none_of(actor_id);
    return std::move(*snapshot);
  }

  // By a message, not by purging the subject. A purge removes what was saved since one has looked,
  // and it lets late what was sent long ago: "only if there is no message" is true again once it
  // is done. The mark is conditional as every save is, and ends whatever is still on its way. It
  // needs no right but that of saving; a purge needs one that would empty the stream.
  Result<void> remove(std::string_view actor_id) override {
    if (!check_name("actor id", actor_id)) return {};
    std::optional<std::uint64_t> meant;
    return put(encode_removal(ns_, actor_id), [&](const Found& last) -> Result<bool> {
      if (!last || is_removal(ns_, *last)) return false;
      if (!meant) meant = last->sequence;
      return *meant == last->sequence;  // else it is gone, and another one was saved since
    });
  }

 private:
  Result<Found> last_message(const std::string& subject, Deadline deadline) {
    return wait_for<Found>(deadline, [&](milliseconds timeout, auto completion) {
      api_->last(subject, !settings_.ask_leader, timeout, std::move(completion));
    });
  }

  /// Only if the message `expected` is the actor's last; 0: if there is none.
  ApiResult<Stored> publish(const OutgoingSnapshot& message, std::uint64_t expected,
                            Deadline deadline) {
    const std::string version = concat(message.version);
    const std::string sequence = concat(expected);
    const std::string id = concat(message.subject, "/", sequence);
    std::vector<Header> headers{
        {.name = "Aether-Format", .value = "1"},
        {.name = "Aether-Version", .value = version},
        {.name = "Aether-Checksum", .value = message.checksum},
        {.name = "Nats-Expected-Stream", .value = api_->stream()},
        {.name = "Nats-Expected-Last-Subject-Sequence", .value = sequence},
    };
    if (settings_.message_ids) headers.push_back({.name = "Nats-Msg-Id", .value = id});
    const auto now = SteadyClock::now();
    const Deadline half_way = now + (deadline - now) / 2;  // the rest is for looking
    return wait_once<Stored>(half_way, [&](milliseconds timeout, auto completion) {
      api_->publish(message.subject, headers, message.body, timeout, std::move(completion));
    });
  }

  /// Stores `message` if `is_needed` says so of the actor's last message: looks, publishes on the
  /// condition that nothing has changed, and looks again, until it is stored or no longer needed.
  /// Never is a refusal, or no answer at all, taken for more than a reason to look: it may be the
  /// echo of an earlier try that was stored.
  template <class IsNeeded>
  Result<void> put(const OutgoingSnapshot& message, const IsNeeded& is_needed) {
    const Deadline deadline = deadline_after(options_.timeout);
    std::optional<std::uint64_t> previous;  // the last message when it was last tried
    bool maybe_stored = false;              // a try may have arrived, or may yet arrive
    auto pause = kFirstPause;
    Error reason{.code = Errc::unavailable, .message = "it was not begun"};
    while (true) {
      auto found = last_message(message.subject, deadline);
      if (!found) return given_up(message, std::move(found.error()), maybe_stored);
      const Found& last = *found;
      const std::uint64_t sequence = last ? last->sequence : 0;
      const Result<bool> needed = is_needed(last);
      if (!needed) return std::unexpected(needed.error());
      if (!*needed) return {};
      if (previous == sequence) {
        std::this_thread::sleep_for(pause);
        pause = std::min(pause * 2, kLongestPause);
      } else {
        maybe_stored = false;  // what is on its way expects another last message
      }
      if (SteadyClock::now() + kShortestTry >= deadline) {
        return given_up(message, std::move(reason), maybe_stored);
      }
      previous = sequence;
      auto stored = publish(message, sequence, deadline);
      if (stored && !stored->is_duplicate) return {};
      if (stored) continue;
      ApiError& error = stored.error();
      if (error.error.code == Errc::outcome_unknown) {
        maybe_stored = true;
      } else if (is_final(error) && !maybe_stored) {
        return std::unexpected(std::move(error.error));
      }
      reason = std::move(error.error);
    }
  }

  static Result<void> given_up(const OutgoingSnapshot& message, Error reason, bool maybe_stored) {
    const std::string_view done = message.version == 0 ? "removed" : "saved";
    if (maybe_stored) {
      return fail(
          Errc::outcome_unknown,
          concat("it is not known whether the snapshot on ", quoted(message.subject), " is ", done,
                 ": load it, or do the same again (the last try: ", reason.message, ")"));
    }
    if (reason.code == Errc::version_conflict || reason.code == Errc::unavailable) {
      return fail(Errc::unavailable,
                  concat("the snapshot on ", quoted(message.subject), " could not be ", done,
                         " in time, and nothing was changed: try again later (the last try: ",
                         reason.message, ")"));
    }
    return std::unexpected(std::move(reason));
  }

  const std::shared_ptr<Connection> connection_;
  const std::unique_ptr<StreamApi> api_;
  const Namespace ns_;
  const SnapshotStoreOptions options_;
  const Settings settings_;
  const Clock& clock_;
};

}  // namespace

Result<std::unique_ptr<SnapshotStore>> open_snapshots(std::shared_ptr<Connection> connection,
                                                      const Namespace& ns,
                                                      const SnapshotStoreOptions& options) {
  if (options.timeout <= milliseconds::zero()) {
    return fail(Errc::invalid_argument, "the timeout must be more than nothing");
  }
  Session& session = Session::of(*connection);
  auto api = std::make_unique<StreamApi>(session.transport(), session.requests(),
                                         stream_name(StreamKind::snapshots, ns));
  const auto opened = open_stream(*api, StreamKind::snapshots, ns, options.stream, options.timeout);
  if (!opened) return std::unexpected(opened.error());
  const StreamConfig& config = opened->info.config;
  const bool replicated = config.replicas > 1;
  const Settings settings{.ask_leader = replicated || !config.allow_direct,
                          .message_ids = replicated && opened->level == 0};
  if (settings.message_ids && options.log) {
    options.log(LogLevel::warning,
                warning_of_replicas(config, "an older snapshot comes back, or a removed one"));
  }
  return std::make_unique<JetStreamSnapshotStore>(std::move(connection), std::move(api), ns,
                                                  options, settings);
}

}  // namespace aether::nats
