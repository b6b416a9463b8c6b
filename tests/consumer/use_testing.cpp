// SPDX-License-Identifier: Apache-2.0
//
// A store of one's own, and the conformance suite of aether::testing on it, with what is installed
// and nothing else: docs/how-to/write-a-store.md tells it.
#include <aether/store/commit.hpp>
#include <aether/testing/event_store_suite.hpp>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <map>
#include <mutex>
#include <thread>

namespace mine {

using aether::Event, aether::EventPtr, aether::Position, aether::Result, aether::Version;

/// What the store and its subscriptions share: one of those may outlive the store.
struct Contents {
  std::mutex mutex;  // guards all
  std::condition_variable_any changed;
  std::vector<EventPtr> log;  // the event at position p is log[p - 1]
  std::map<std::string, std::vector<EventPtr>, std::less<>> actors;
  bool closed = false;

  [[nodiscard]] const std::vector<EventPtr>& of(std::string_view actor_id) const {
    static const std::vector<EventPtr> kNone;
    const auto found = actors.find(actor_id);
    return found == actors.end() ? kNone : found->second;
  }
};

/// What `judge_commit` asks.
class Known final : public aether::History {
 public:
  explicit Known(const Contents& contents) : contents_(contents) {}

  Result<Version> latest_version(std::string_view actor_id) override {
    const auto& events = contents_.of(actor_id);
    return events.empty() ? 0 : events.back()->version;
  }

  Result<std::optional<Position>> find(std::string_view actor_id, Version version,
                                       std::string_view id) override {
    for (const EventPtr& event : contents_.of(actor_id)) {
      if (event->version == version && event->id == id) return event->position;
    }
    return std::nullopt;
  }

 private:
  const Contents& contents_;
};

// [tail]
/// What a subscription's thread works on. Shared, because the handler may destroy the subscription.
struct Tail {
  std::shared_ptr<Contents> contents;
  aether::Filter filter;
  aether::EventHandler handler;
  std::atomic<std::thread::id> thread;
  std::mutex mutex;  // guards status
  aether::Subscription::Status status;

  void run(const std::stop_token& stop) {
    thread = std::this_thread::get_id();
    std::optional<aether::Error> error;
    for (Position after = status.position; !stop.stop_requested() && !error;) {
      std::unique_lock lock(contents->mutex);
      contents->changed.wait(lock, stop,
                             [&] { return contents->closed || contents->log.size() > after; });
      if (stop.stop_requested()) break;
      if (contents->closed) {
        error = {.code = aether::Errc::closed, .message = "the store was closed"};
        break;
      }
      const EventPtr event = contents->log[after];
      lock.unlock();  // the handler may take long, and may use the store
      const bool matches = filter.matches(*event);
      if (matches) error = call(event);
      if (!error) after = reach(event->position, matches);
    }
    const std::scoped_lock lock(mutex);
    status.active = false;
    status.error = std::move(error);
  }

  std::optional<aether::Error> call(const EventPtr& event) try {
    handler(event);
    return std::nullopt;
  } catch (const std::exception& thrown) {
    return aether::Error{.code = aether::Errc::closed, .message = thrown.what()};
  } catch (...) {
    return aether::Error{.code = aether::Errc::closed, .message = "the handler threw"};
  }

  Position reach(Position position, bool delivered) {
    const std::scoped_lock lock(mutex);
    if (delivered) ++status.counters.delivered;
    return status.position = position;
  }
};
// [/tail]

class TailSubscription final : public aether::Subscription::Impl {
 public:
  explicit TailSubscription(std::shared_ptr<Tail> tail)
      : tail_(std::move(tail)),
        thread_([tail = tail_](const std::stop_token& stop) { tail->run(stop); }) {}

  ~TailSubscription() override {
    TailSubscription::stop();
    if (thread_.joinable()) thread_.detach();  // destroyed by the handler: it ends by itself
  }
  TailSubscription(const TailSubscription&) = delete;
  TailSubscription& operator=(const TailSubscription&) = delete;

  void stop() override {
    thread_.request_stop();
    if (tail_->thread == std::this_thread::get_id()) return;  // called by the handler
    const std::scoped_lock lock(joining_);
    if (thread_.joinable()) thread_.join();
  }

  [[nodiscard]] aether::Subscription::Status status() const override {
    const std::scoped_lock lock(tail_->mutex);
    return tail_->status;
  }

 private:
  std::shared_ptr<Tail> tail_;
  std::mutex joining_;
  std::jthread thread_;
};

class Store final : public aether::EventStore {
 public:
  explicit Store(const aether::Clock& clock) : clock_(clock) {}

  ~Store() override {
    const std::scoped_lock lock(contents_->mutex);
    contents_->closed = true;
    contents_->changed.notify_all();
  }
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // [read]
  Result<std::vector<EventPtr>> read(std::string_view actor_id,
                                     const aether::ReadOptions& options) override {
    const std::scoped_lock lock(contents_->mutex);
    const auto& events = contents_->of(actor_id);
    const auto first = std::ranges::lower_bound(events, options.from_version, {},
                                                [](const EventPtr& e) { return e->version; });
    const auto there = static_cast<std::size_t>(events.end() - first);
    return std::vector(first, first + static_cast<std::ptrdiff_t>(std::min(options.limit, there)));
  }

  Result<aether::Page> read_all(const aether::Filter& filter, Position after,
                                std::size_t limit) override {
    if (limit == 0) return aether::fail(aether::Errc::invalid_argument, "a limit of 0");
    const std::scoped_lock lock(contents_->mutex);
    aether::Page page{.events = {}, .next = after};
    while (page.next < contents_->log.size() && page.events.size() < limit) {
      const EventPtr& event = contents_->log[page.next++];
      if (filter.matches(*event)) page.events.push_back(event);
    }
    return page;
  }
  // [/read]

  Result<Version> latest_version(std::string_view actor_id) override {
    const std::scoped_lock lock(contents_->mutex);
    return Known(*contents_).latest_version(actor_id);
  }

  // [subscribe]
  Result<aether::Subscription> subscribe(aether::Filter filter, Position after,
                                         aether::EventHandler handler) override {
    if (!handler) return aether::fail(aether::Errc::invalid_argument, "there is no handler");
    auto tail = std::make_shared<Tail>();
    tail->contents = contents_;
    tail->filter = std::move(filter);
    tail->handler = std::move(handler);
    tail->status = {.active = true, .position = after};
    return aether::Subscription(std::make_unique<TailSubscription>(std::move(tail)));
  }
  // [/subscribe]

  [[nodiscard]] aether::Durability durability() const override {
    return aether::Durability::memory();
  }

 protected:
  // [append]
  Result<aether::Appended> do_append(std::span<Event> events,
                                     const aether::AppendOptions& options) override {
    if (!durability().satisfies(options.require)) {
      return aether::fail(aether::Errc::unsupported, "this store keeps nothing for long");
    }
    auto prepared = aether::prepare_commit(events, limits_, clock_);
    if (!prepared) return std::unexpected(std::move(prepared.error()));

    const std::scoped_lock lock(contents_->mutex);  // until it is stored: see History
    Known known(*contents_);
    const auto judgement = aether::judge_commit(events, options.expected_version, known);
    if (!judgement) return std::unexpected(judgement.error());
    aether::Appended appended{.version = judgement->version,
                              .position = judgement->position,
                              .durability = durability(),
                              .stored_already = judgement->stored_already};
    if (appended.stored_already) return appended;
    for (Event& event : events) {
      auto stored = std::make_shared<aether::StoredEvent>(std::move(event));
      stored->position = appended.position = contents_->log.size() + 1;
      contents_->actors[stored->actor_id].push_back(stored);
      contents_->log.push_back(std::move(stored));
    }
    contents_->changed.notify_all();
    return appended;
  }
  // [/append]

 private:
  const aether::Limits limits_;
  const aether::Clock& clock_;
  const std::shared_ptr<Contents> contents_ = std::make_shared<Contents>();
};

// [suite]
class Harness final : public aether::testing::EventStoreHarness {
 public:
  explicit Harness(const aether::Clock& clock) : store_(std::make_unique<Store>(clock)) {}
  aether::EventStore& store() override { return *store_; }
  // A store that keeps its events also overrides reopen(): close it, open it again, return true.

 private:
  std::unique_ptr<aether::EventStore> store_;
};

const bool kRegistered = aether::testing::register_event_store_suite(
    "Mine", [](const aether::Clock& clock) { return std::make_unique<Harness>(clock); },
    {.chained = false});
// [/suite]

}  // namespace mine
