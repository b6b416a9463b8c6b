// SPDX-License-Identifier: Apache-2.0
#include "aether/nats/store.hpp"

#include "aether/store/audit.hpp"
#include "aether/store/commit.hpp"
#include "core/text.hpp"
#include "nats/api.hpp"
#include "nats/appender.hpp"
#include "nats/hints.hpp"
#include "nats/reader.hpp"
#include "nats/retention.hpp"
#include "nats/session.hpp"
#include "nats/stream.hpp"
#include "nats/stream_watch.hpp"
#include "store/polling_subscription.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>
#include <vector>

namespace aether::nats {

namespace {

using std::chrono::milliseconds;

// A subscription looks by itself so often: for what a hint came too early for, and where it may
// not hear hints.
constexpr milliseconds kPollInterval{250};
// Which was tried more than once, then: the stream, or its servers, were away.
constexpr milliseconds kSlowRead{1'000};

/// What a store is made of. Subscriptions keep it beyond the store.
struct Parts {
  std::shared_ptr<Connection> connection;
  std::unique_ptr<Requests> requests;
  std::unique_ptr<StreamApi> api;
  std::unique_ptr<Reader> reader;
  const std::shared_ptr<SubscriptionThreads> threads = std::make_shared<SubscriptionThreads>();
  Timestamp created = kNoTimestamp;  ///< the stream
  Parts() = default;
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;
  ~Parts() = default;
};

/// What one subscription reads by.
struct Following {
  Following(std::shared_ptr<Parts> of, Position after)
      : parts(std::move(of)),
        follower(*parts->reader, after),
        watch(*parts->api, parts->created, after) {}

  Result<Page> read(const Filter& filter, std::size_t limit) {
    if (auto ok = watch.check(); !ok) return std::unexpected(std::move(ok.error()));
    if (!held) {
      const auto begun = std::chrono::steady_clock::now();
      auto page = follower.read(filter, limit);
      watch.note(page);
      const bool is_slow = std::chrono::steady_clock::now() - begun >= kSlowRead;
      if (!page || (!is_slow && !watch.is_due())) return page;
      held = std::move(*page);
      watch.look_now();
      if (auto ok = watch.check(); !ok) return std::unexpected(std::move(ok.error()));
    }
    return *std::exchange(held, std::nullopt);
  }

  std::shared_ptr<Parts> parts;
  Follower follower;
  StreamWatch watch;
  std::optional<Page> held{};       ///< read while the stream may have become another one
  std::unique_ptr<Handle> hints{};  ///< the last member: it needs the others
};

class JetStreamEventStore final : public Store, public Retaining, public Inspectable {
 public:
  JetStreamEventStore(std::shared_ptr<Parts> parts, Namespace ns, std::string identity,
                      const StoreOptions& options, AppenderOptions appender)
      : parts_(std::move(parts)),
        ns_(std::move(ns)),
        identity_(std::move(identity)),
        options_(options),
        clock_(options.clock != nullptr ? *options.clock : system_clock()),
        durability_(appender.durability),
        appender_(std::make_unique<Appender>(*parts_->api, std::move(appender))) {}

  ~JetStreamEventStore() override {
    appender_.reset();
    const std::scoped_lock lock(mutex_);
    for (const auto& following : notifiers_) {
      if (const auto notifier = following.lock()) notifier->close();
    }
  }
  JetStreamEventStore(const JetStreamEventStore&) = delete;
  JetStreamEventStore& operator=(const JetStreamEventStore&) = delete;

  Result<std::vector<EventPtr>> read(std::string_view actor_id,
                                     const ReadOptions& options) override {
    return parts_->reader->read(actor_id, options);
  }

  Result<Page> read_all(const Filter& filter, Position after, std::size_t limit) override {
    if (limit == 0) return fail(Errc::invalid_argument, "a page needs a limit of at least 1");
    return parts_->reader->read_all(filter, after, limit);
  }

  Result<Version> latest_version(std::string_view actor_id) override {
    return parts_->reader->latest_version(actor_id);
  }

  Result<Subscription> subscribe(Filter filter, Position after, EventHandler handler) override {
    const auto notifier = std::make_shared<Notifier>();
    const auto following = std::make_shared<Following>(parts_, after);
    auto hints = listen_for_hints(Session::of(*parts_->connection).transport(), *parts_->requests,
                                  filter_subject(ns_, filter), notifier);
    if (!hints) return std::unexpected(std::move(hints.error()));
    following->hints = std::move(*hints);
    {
      const std::scoped_lock lock(mutex_);
      std::erase_if(notifiers_, [](const auto& one) { return one.expired(); });
      notifiers_.push_back(notifier);
    }
    // Each page is asked for after the last one, so that the follower knows where it is.
    EventSource source{
        .read_all = [following](const Filter& of, Position,
                                std::size_t limit) { return following->read(of, limit); },
        .notifier = notifier,
        .threads = parts_->threads,
        .poll_interval = kPollInterval,
        .log = options_.log};
    return start_polling(std::move(source), std::move(filter), after, std::move(handler));
  }

  [[nodiscard]] Durability durability() const override { return durability_; }
  [[nodiscard]] const Namespace& name_space() const override { return ns_; }
  [[nodiscard]] const std::string& identity() const override { return identity_; }

  Result<Position> retained_from() override {
    const auto info = parts_->api->info(options_.timeout);
    if (!info) return std::unexpected(info.error().error);
    return nats::retained_from(*info);
  }

  Result<void> inspect(const std::function<void(Finding)>& report,
                       std::stop_token /*stop*/) override {
    return inspect_stream(*parts_->api, options_.timeout, report);
  }

 protected:
  Result<Appended> do_append(std::span<Event> events, const AppendOptions& options) override {
    if (auto ok = prepare(events, options); !ok) return std::unexpected(std::move(ok.error()));
    return appender_->append({std::move_iterator(events.begin()), std::move_iterator(events.end())},
                             options);
  }

  void do_append_async(std::vector<Event> events, const AppendOptions& options,
                       Completion done) override {
    if (auto ok = prepare(events, options); !ok) {
      return complete_append(done, std::unexpected(std::move(ok.error())), options_.log);
    }
    appender_->append_async(std::move(events), options, std::move(done));
  }

 private:
  Result<void> prepare(std::span<Event> events, const AppendOptions& options) const {
    if (!durability_.satisfies(options.require)) {
      return fail(Errc::unsupported, concat("the stream gives ", to_string(durability_), "; ",
                                            to_string(options.require), " was required"));
    }
    return prepare_commit(events, options_.limits, clock_);
  }

  std::shared_ptr<Parts> parts_;
  const Namespace ns_;
  const std::string identity_;
  const StoreOptions options_;
  const Clock& clock_;
  const Durability durability_;
  std::unique_ptr<Appender> appender_;
  std::mutex mutex_;                                // guards notifiers_
  std::vector<std::weak_ptr<Notifier>> notifiers_;  // one a subscription
};

Durability durability_of(const StreamConfig& config) {
  if (config.replicas > 1) return Durability::replicated(config.replicas);
  return config.storage == "memory" ? Durability::memory() : Durability::os_buffered();
}

/// When it was made, to the nanosecond, and where it is: a stream that was brought back from a
/// backup is as old as the first one, and elsewhere.
std::string identity_of(const StreamInfo& info, Connection& connection) {
  std::string leader = info.leader;
  if (leader.empty()) {
    const auto server = connection.server();
    if (!server) return {};
    leader = server->name;
  }
  return concat(info.config.name, " of ", info.created.time_since_epoch().count(), " at ",
                info.cluster, "/", leader);
}

Result<void> check_options(const StoreOptions& options) {
  if (options.limits.max_commit_events > kPositionsPerMessage) {
    return fail(Errc::invalid_argument,
                concat("a commit is one message of at most ", kPositionsPerMessage,
                       " events; max_commit_events is ", options.limits.max_commit_events));
  }
  if (options.max_in_flight == 0 || options.timeout <= milliseconds::zero()) {
    return fail(Errc::invalid_argument, "max_in_flight and timeout must be more than nothing");
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Store>> open(std::shared_ptr<Connection> connection, const Namespace& ns,
                                    const StoreOptions& options) {
  if (auto ok = check_options(options); !ok) return std::unexpected(std::move(ok.error()));
  auto parts = std::make_shared<Parts>();
  parts->connection = std::move(connection);
  Session& session = Session::of(*parts->connection);
  auto requests =
      Requests::make(session.transport(), {.inbox_prefix = session.options().inbox_prefix,
                                           .timeout = session.options().request_timeout,
                                           .bulk = session.bulk()});
  if (!requests) return std::unexpected(std::move(requests.error()));
  parts->requests = std::move(*requests);
  parts->api =
      std::make_unique<StreamApi>(session.transport(), *parts->requests, event_stream_name(ns));
  const auto opened =
      open_stream(*parts->api, StreamKind::events, ns, options.stream, options.timeout);
  if (!opened) return std::unexpected(opened.error());
  const StreamConfig& config = opened->info.config;
  const auto message_ids = needs_message_ids(config, opened->level);
  if (!message_ids) return std::unexpected(message_ids.error());
  if (*message_ids && options.log) {
    options.log(LogLevel::warning, warning_of_replicas(config,
                                                       "acknowledged events are missing or "
                                                       "there twice"));
  }

  parts->created = opened->info.created;
  const bool replicated = config.replicas > 1;
  const bool ask_leader = replicated || !config.allow_direct;
  parts->reader = std::make_unique<Reader>(
      *parts->api,
      ReaderOptions{.ns = ns,
                    .ask_leader = ask_leader,
                    .batch_get = opened->level >= kBatchGetLevel && config.allow_direct,
                    .max_json_depth = options.limits.max_json_depth,
                    .timeout = options.timeout});
  AppenderOptions appender{.ns = ns,
                           .durability = durability_of(config),
                           .read_from_leader = ask_leader,
                           .atomic_batch = config.allow_atomic,
                           .message_ids = *message_ids,
                           .max_json_depth = options.limits.max_json_depth,
                           .lanes = {.max_in_flight = options.max_in_flight,
                                     .max_queued_bytes = options.max_queued_bytes},
                           .head_cache_actors = options.head_cache_actors,
                           .timeout = options.timeout,
                           .log = options.log};
  std::string identity = identity_of(opened->info, *parts->connection);
  return std::make_unique<JetStreamEventStore>(std::move(parts), ns, std::move(identity), options,
                                               std::move(appender));
}

}  // namespace aether::nats
