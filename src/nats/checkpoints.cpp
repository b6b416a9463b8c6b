// SPDX-License-Identifier: Apache-2.0
#include "aether/nats/checkpoints.hpp"

#include "core/deadline.hpp"
#include "core/text.hpp"
#include "nats/api.hpp"
#include "nats/bucket.hpp"
#include "nats/session.hpp"
#include "nats/waiting.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace aether::nats {

namespace {

using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

Result<void> check_bucket_name(std::string_view name) {
  constexpr std::size_t kMaxBytes = 64;
  const bool is_plain = !name.empty() && name.size() <= kMaxBytes && to_subject_token(name) == name;
  if (is_plain) return {};
  return fail(Errc::invalid_argument,
              concat("a bucket's name has 1 to ", kMaxBytes,
                     " characters out of [A-Za-z0-9_-], and ", quoted(name), " is none"));
}

class Checkpoints final : public CheckpointStore {
 public:
  Checkpoints(std::shared_ptr<Connection> connection, std::unique_ptr<StreamApi> api,
              std::string prefix, bool ask_leader, milliseconds timeout)
      : connection_(std::move(connection)),
        api_(std::move(api)),
        prefix_(std::move(prefix)),
        ask_leader_(ask_leader),
        timeout_(timeout) {}

  Result<std::optional<CheckpointRecord>> load(std::string_view key) override {
    const std::string subject = subject_of(key);
    auto found = last_message(subject, deadline_after(timeout_));
    if (!found) return std::unexpected(std::move(found.error()));
    const StreamApi::Found& last = *found;
    remember(subject, last ? last->sequence : 0);
    // A key that was deleted is a message without a value.
    if (!last || last->body.empty()) return std::optional<CheckpointRecord>();
    auto record = parse_checkpoint(last->body);
    if (!record) {
      Error error = std::move(record.error());
      error.message = concat("the checkpoint on ", quoted(subject), ": ", error.message);
      return std::unexpected(std::move(error));
    }
    return std::move(*record);
  }

  // On the condition that the last message is the one that was seen last: an earlier try that
  // arrives late changes nothing any more, and a second projector is noticed.
  Result<void> save(std::string_view key, const CheckpointRecord& record) override {
    const std::string subject = subject_of(key);
    const std::string text = format_checkpoint(record);
    const auto deadline = deadline_after(timeout_);
    std::optional<std::uint64_t> expected = remembered(subject);
    for (auto pause = kFirstPause;; pause = std::min(pause * 2, kLongestPause)) {
      if (!expected) {
        auto found = last_message(subject, deadline);
        if (!found) return std::unexpected(std::move(found.error()));
        expected = *found ? (*found)->sequence : 0;
      }
      auto stored = publish(subject, *expected, text, deadline);
      if (stored) {
        remember(subject, stored->sequence);
        return {};
      }
      if (stored.error().code == ApiCode::wrong_last_sequence) {
        return settle(subject, text, deadline);
      }
      Error& error = stored.error().error;
      const bool may_pass = error.code == Errc::unavailable || error.code == Errc::outcome_unknown;
      if (!may_pass) return std::unexpected(std::move(error));
      if (SteadyClock::now() + pause + kShortestTry >= deadline) {
        return fail(Errc::unavailable,
                    concat("the checkpoint on ", quoted(subject),
                           " could not be saved in time (the last try: ", error.message, ")"));
      }
      std::this_thread::sleep_for(pause);
    }
  }

 private:
  using Deadline = SteadyClock::time_point;

  [[nodiscard]] std::string subject_of(std::string_view key) const {
    return concat(prefix_, to_subject_token(key));
  }

  Result<StreamApi::Found> last_message(const std::string& subject, Deadline deadline) {
    return wait_for<StreamApi::Found>(deadline, [&](milliseconds timeout, auto completion) {
      api_->last(subject, !ask_leader_, timeout, std::move(completion));
    });
  }

  ApiResult<Stored> publish(const std::string& subject, std::uint64_t expected,
                            const std::string& text, Deadline deadline) {
    const std::string sequence = concat(expected);
    const Header headers[] = {
        {.name = "Nats-Expected-Stream", .value = api_->stream()},
        {.name = "Nats-Expected-Last-Subject-Sequence", .value = sequence},
    };
    return wait_once<Stored>(deadline, [&](milliseconds timeout, auto completion) {
      api_->publish(subject, headers, text, timeout, std::move(completion));
    });
  }

  /// After a refusal: it may be the echo of an earlier try that was stored.
  Result<void> settle(const std::string& subject, const std::string& text, Deadline deadline) {
    auto found = last_message(subject, deadline);
    if (!found) return std::unexpected(std::move(found.error()));
    if (const StreamApi::Found& last = *found; last && last->body == text) {
      remember(subject, last->sequence);
      return {};
    }
    remember(subject, std::nullopt);
    return fail(Errc::version_conflict,
                concat("the checkpoint on ", quoted(subject),
                       " was saved by another: does a second projector feed this projection?"));
  }

  std::optional<std::uint64_t> remembered(const std::string& subject) {
    const std::scoped_lock lock(mutex_);
    const auto found = sequences_.find(subject);
    if (found == sequences_.end()) return std::nullopt;
    return found->second;
  }
  void remember(const std::string& subject, std::optional<std::uint64_t> sequence) {
    const std::scoped_lock lock(mutex_);
    if (sequence) {
      sequences_[subject] = *sequence;
    } else {
      sequences_.erase(subject);
    }
  }

  const std::shared_ptr<Connection> connection_;
  const std::unique_ptr<StreamApi> api_;
  const std::string prefix_;  // "$KV.<bucket>.<namespace>."
  const bool ask_leader_;
  const milliseconds timeout_;
  std::mutex mutex_;                                // guards sequences_
  std::map<std::string, std::uint64_t> sequences_;  // of each subject's last message, as seen here
};

}  // namespace

Result<std::unique_ptr<CheckpointStore>> open_checkpoints(std::shared_ptr<Connection> connection,
                                                          const Namespace& ns,
                                                          const CheckpointOptions& options) {
  if (options.timeout <= milliseconds::zero()) {
    return fail(Errc::invalid_argument, "the timeout must be more than nothing");
  }
  if (auto ok = check_bucket_name(options.bucket); !ok) {
    return std::unexpected(std::move(ok.error()));
  }
  const Bucket bucket{.name = options.bucket,
                      .keeps = "checkpoints",
                      .replicas = options.replicas,
                      .create = options.create};
  Session& session = Session::of(*connection);
  auto api = std::make_unique<StreamApi>(session.transport(), session.requests(), bucket.stream());
  const auto opened = open_bucket(*api, bucket, options.timeout);
  if (!opened) return std::unexpected(opened.error());
  const StreamConfig& config = opened->info.config;
  const bool ask_leader = config.replicas > 1 || !config.allow_direct;
  return std::make_unique<Checkpoints>(std::move(connection), std::move(api),
                                       concat(bucket.prefix(), ns.text(), "."), ask_leader,
                                       options.timeout);
}

}  // namespace aether::nats
