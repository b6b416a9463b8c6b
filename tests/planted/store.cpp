// SPDX-License-Identifier: Apache-2.0
#include "planted/store.hpp"

#include "aether/core/chain.hpp"
#include "aether/core/uuid.hpp"
#include "aether/store/commit.hpp"
#include "planted/subscriptions.hpp"
#include "store/polling_subscription.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <map>
#include <string>
#include <thread>
#include <utility>

namespace aether::planted {

namespace {

using Lock = std::unique_lock<std::mutex>;

/// Gives another thread its chance to come between.
void pause(Lock& lock) {
  lock.unlock();
  std::this_thread::yield();
  lock.lock();
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

std::string without_spaces(std::string_view json) {
  std::string result;
  bool in_text = false;
  bool escaped = false;
  for (const char c : json) {
    if (in_text || std::string_view(" \t\r\n").find(c) == std::string_view::npos) result += c;
    if (c == '"' && !escaped) in_text = !in_text;
    escaped = in_text && c == '\\' && !escaped;
  }
  return result;
}

/// What the store shares with its subscriptions.
struct Contents {
  explicit Contents(Bug planted) : bug(planted) {}

  [[nodiscard]] bool matches(const Filter& filter, const Event& event) const {
    if (bug != "filter_by_prefix") return filter.matches(event);
    return event.actor_id.starts_with(filter.actor_id) &&
           event.actor_id.starts_with(filter.category) &&
           Filter{.event_types = filter.event_types}.matches(event);
  }

  Page read_all(const Filter& filter, Position after, std::size_t limit) {
    const Lock lock(mutex);
    Page page{.events = {}, .next = after};
    std::size_t looked_at = 0;
    for (auto next = log.upper_bound(after);
         next != log.end() && next->first <= visible && page.events.size() < limit; ++next) {
      if (bug == "page_ends_at_the_filter" && looked_at++ == limit) break;
      page.next = next->first;
      if (matches(filter, *next->second)) page.events.push_back(next->second);
    }
    if (bug == "page_skips_one" && page.events.size() == limit) ++page.next;
    if (bug == "read_all_by_actor") {
      std::ranges::sort(page.events, {}, [](const EventPtr& event) {
        return std::pair(event->actor_id, event->version);
      });
    }
    return page;
  }

  const Bug bug;
  std::mutex mutex;  // guards all below
  std::map<std::string, std::vector<EventPtr>, std::less<>> actors;
  std::multimap<Position, EventPtr> log;
  std::map<std::string, Version, std::less<>> burned;
  Position last = 0;
  Position visible = 0;  // what readers may see
  std::shared_ptr<Notifier> notifier = std::make_shared<Notifier>();
  std::shared_ptr<SubscriptionThreads> threads = std::make_shared<SubscriptionThreads>();
};

class LockedHistory final : public History {
 public:
  explicit LockedHistory(Contents& contents) : contents_(contents) {}

  Result<Version> latest_version(std::string_view actor_id) override {
    const auto found = contents_.actors.find(actor_id);
    const auto burned = contents_.burned.find(actor_id);
    return (found == contents_.actors.end() ? 0 : found->second.back()->version) +
           (burned == contents_.burned.end() ? 0 : burned->second);
  }

  Result<std::optional<Position>> find(std::string_view actor_id, Version version,
                                       std::string_view id) override {
    const auto found = contents_.actors.find(actor_id);
    if (found == contents_.actors.end()) return std::nullopt;
    const auto event = std::ranges::lower_bound(found->second, version, {},
                                                [](const EventPtr& e) { return e->version; });
    if (event == found->second.end() || (*event)->version != version) return std::nullopt;
    if ((*event)->id != id && contents_.bug != "repeat_compares_nothing") return std::nullopt;
    const bool is_last = std::next(event) == found->second.end();
    if (contents_.bug == "repeat_of_the_last_only" && !is_last) return std::nullopt;
    return (*event)->position;
  }

 private:
  Contents& contents_;
};

class PlantedStore final : public EventStore {
 public:
  PlantedStore(Bug bug, std::shared_ptr<Disk> disk, const Clock& clock)
      : bug_(bug), disk_(std::move(disk)), clock_(clock) {
    for (const EventPtr& event : disk_->events) {
      contents_->actors[event->actor_id].push_back(event);
      contents_->log.emplace(event->position, event);
      contents_->last = std::max(contents_->last, event->position);
    }
    contents_->visible = contents_->last;
    if (bug_ == "positions_restart") contents_->last = 0;
    if (bug_ == "ack_too_early") shower_ = std::jthread([this](auto stop) { show_later(stop); });
  }

  ~PlantedStore() override {
    shower_ = {};
    appenders_.clear();
    leftovers_->running.clear();
    leftovers_->ending.clear();
    if (bug_ != "closing_not_told") contents_->notifier->close();
  }
  PlantedStore(const PlantedStore&) = delete;
  PlantedStore& operator=(const PlantedStore&) = delete;

  Result<std::vector<EventPtr>> read(std::string_view actor_id,
                                     const ReadOptions& options) override {
    const Lock lock(contents_->mutex);
    std::vector<EventPtr> events;
    const auto found = contents_->actors.find(key(actor_id));
    if (found == contents_->actors.end()) return events;
    for (const EventPtr& event : found->second) {
      if (events.size() == options.limit || event->position > contents_->visible) break;
      if (event->version >= options.from_version) events.push_back(event);
    }
    return events;
  }

  Result<Page> read_all(const Filter& filter, Position after, std::size_t limit) override {
    if (limit == 0) return fail(Errc::invalid_argument, "a page needs a limit of at least 1");
    return contents_->read_all(filter, after, limit);
  }

  Result<Version> latest_version(std::string_view actor_id) override {
    const auto events = read(actor_id, {});
    return events->empty() ? 0 : events->back()->version;
  }

  Result<Subscription> subscribe(Filter filter, Position after, EventHandler handler) override {
    if (bug_ == "live_tail_only") {
      const Lock lock(contents_->mutex);
      after = contents_->last;
    }
    bool repeated = bug_ != "delivered_twice";
    EventSource source{
        .read_all = [contents = contents_, repeated](const Filter& f, Position a,
                                                     std::size_t limit) mutable -> Result<Page> {
          Page page = contents->read_all(f, a, limit);
          if (!repeated && page.events.size() > 1) {
            page.next = page.events.front()->position;
            repeated = true;
          }
          return page;
        },
        .notifier = contents_->notifier,
        .threads = contents_->threads};
    auto started =
        start_polling(std::move(source), std::move(filter), after, spoil(bug_, std::move(handler)));
    if (!started) return started;
    return spoil(bug_, std::move(*started), leftovers_);
  }

  [[nodiscard]] Durability durability() const override { return Durability::os_buffered(); }

 protected:
  Result<Appended> do_append(std::span<Event> events, const AppendOptions& options) override {
    if (bug_ != "durability_promised_blindly" && !durability().satisfies(options.require)) {
      return fail(Errc::unsupported, to_string(options.require) + " cannot be had here");
    }
    if (auto ok = prepare(events); !ok) return std::unexpected(ok.error());
    for (Event& event : events) change(event);
    Lock lock(contents_->mutex);
    if (bug_ == "partial_commit") {
      Result<Appended> appended = fail(Errc::invalid_argument, "nothing to append");
      for (Event& event : events) {
        appended = judge_and_store({&event, 1}, options, lock);
        if (!appended) break;
      }
      return appended;
    }
    return judge_and_store(events, options, lock);
  }

  void do_append_async(std::vector<Event> events, const AppendOptions& options,
                       Completion done) override {
    if (bug_ == "async_overtakes") {
      const Lock lock(appending_);
      appenders_.emplace_back(
          [this, options, events = std::move(events), done = std::move(done)]() mutable {
            complete_append(done, do_append(events, options));
          });
      return;
    }
    const auto appended = do_append(events, options);
    if (bug_ == "completion_throws_through") return done(appended);
    if (bug_ == "completion_twice") complete_append(done, appended);
    if (appended || bug_ != "completion_lost_on_failure") complete_append(done, appended);
  }

 private:
  [[nodiscard]] std::string key(std::string_view actor_id) const {
    return bug_ == "actor_ids_fold_case" ? lower(actor_id) : std::string(actor_id);
  }

  Result<void> prepare(std::span<Event> events) const {
    const Clock& clock = bug_ == "clock_ignored" ? system_clock() : clock_;
    if (bug_ == "input_unchecked") {
      for (Event& event : events) {
        if (event.id.empty()) event.id = make_uuid_v7(clock);
        if (event.timestamp == kNoTimestamp) event.timestamp = clock.now();
      }
      return {};
    }
    Limits limits;
    if (bug_ == "limits_ignored") {
      limits.max_commit_bytes = limits.max_commit_events = std::numeric_limits<std::size_t>::max();
    }
    return prepare_commit(events, limits, clock);
  }

  void change(Event& event) const {
    event.actor_id = key(event.actor_id);
    if (bug_ == "given_version_ignored") event.version = 0;
    if (bug_ == "metadata_lost")
      std::erase_if(event.metadata, [](auto& m) { return m.second == ""; });
    if (bug_ == "data_reencoded" && event.data.is_json()) {
      event.data = Data::json(without_spaces(event.data.text()));
    }
    if (bug_ == "content_type_lost" && !event.data.is_json()) {
      event.data = Data::bytes(event.data.text(), "");
    }
  }

  Result<Appended> judge_and_store(std::span<Event> events, const AppendOptions& options,
                                   Lock& lock) {
    LockedHistory history(*contents_);
    const auto expected =
        bug_ == "check_skipped" ? std::optional<Version>() : options.expected_version;
    auto judgement = judge_commit(events, expected, history);
    if (!judgement) {
      Error error = judgement.error();
      if (error.code == Errc::version_conflict) error = spoil_conflict(error, events, lock);
      return std::unexpected(std::move(error));
    }
    if (judgement->stored_already && bug_ == "repeat_conflicts") {
      return std::unexpected(Error{.code = Errc::version_conflict,
                                   .message = "the version is taken",
                                   .actor_version = judgement->version});
    }
    if (judgement->stored_already && bug_ == "repeat_appends_twice") return add(events, lock);
    if (bug_ == "no_lock") pause(lock);
    Appended appended{.version = judgement->version,
                      .position = judgement->position,
                      .durability = durability(),
                      .stored_already = judgement->stored_already && bug_ != "repeat_not_told"};
    if (!judgement->stored_already) appended.position = store(events, lock);
    if (bug_ == "durability_promised_blindly") appended.durability = options.require;
    return appended;
  }

  Error spoil_conflict(Error error, std::span<Event> events, Lock& lock) {
    if (bug_ == "conflict_without_version") error.actor_version = 0;
    if (bug_ == "conflict_stores") static_cast<void>(add(events, lock));
    if (bug_ == "version_burned_by_conflict") ++contents_->burned[events.front().actor_id];
    return error;
  }

  /// Appends whatever was judged.
  Result<Appended> add(std::span<Event> events, Lock& lock) {
    for (Event& event : events) event.version = 0;
    LockedHistory history(*contents_);
    const auto judgement = judge_commit(events, std::nullopt, history);
    if (!judgement) return std::unexpected(judgement.error());
    return Appended{
        .version = judgement->version, .position = store(events, lock), .durability = durability()};
  }

  Position store(std::span<Event> events, Lock& lock) {
    if (bug_ != "ack_before_sync") unsynced_.clear();
    sync();
    const Position first = contents_->last + 1;
    contents_->last += events.size();
    std::vector<EventPtr> stored;
    for (std::size_t i = 0; i < events.size(); ++i) {
      auto event = std::make_shared<StoredEvent>();
      static_cast<Event&>(*event) = events[i];
      event->position = bug_ == "position_shared_by_a_commit" ? first : first + i;
      auto& actor = contents_->actors[event->actor_id];
      const bool linked = !actor.empty() && bug_ != "chain_not_linked";
      event->hash = chain_hash(linked ? actor.back()->hash : Hash{}, *event);
      actor.push_back(event);
      if (bug_ == "subscription_skips_under_concurrency") pause(lock);
      contents_->log.emplace(event->position, event);
      stored.push_back(std::move(event));
      if (bug_ == "half_commit_visible") {
        contents_->visible = contents_->last;
        pause(lock);
      }
    }
    if (bug_ != "ack_too_early") contents_->visible = contents_->last;
    unsynced_ = stored;
    if (bug_ != "ack_before_sync") sync();
    if (bug_ != "idle_tail_never_woken") contents_->notifier->notify();
    return stored.back()->position;
  }

  void sync() {
    const Lock lock(disk_->mutex);
    disk_->events.insert(disk_->events.end(), unsynced_.begin(), unsynced_.end());
    unsynced_.clear();
  }

  /// Makes events readable some time after they were acknowledged.
  void show_later(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      const Lock lock(contents_->mutex);
      if (contents_->visible == contents_->last) continue;
      contents_->visible = contents_->last;
      contents_->notifier->notify();
    }
  }

  const Bug bug_;
  const std::shared_ptr<Disk> disk_;
  const Clock& clock_;
  const std::shared_ptr<Contents> contents_ = std::make_shared<Contents>(bug_);
  std::vector<EventPtr> unsynced_;  // guarded by contents_->mutex
  const std::shared_ptr<Leftovers> leftovers_ = std::make_shared<Leftovers>();
  std::mutex appending_;  // guards appenders_
  std::vector<std::jthread> appenders_;
  std::jthread shower_;
};

}  // namespace

std::unique_ptr<EventStore> make_store(Bug bug, std::shared_ptr<Disk> disk, const Clock& clock) {
  return std::make_unique<PlantedStore>(bug, std::move(disk), clock);
}

}  // namespace aether::planted
