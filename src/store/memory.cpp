// SPDX-License-Identifier: Apache-2.0
#include "aether/store/memory.hpp"

#include "aether/core/chain.hpp"
#include "aether/store/commit.hpp"
#include "core/text.hpp"
#include "store/polling_subscription.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <ranges>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace aether {

namespace {

/// A name and its hash, so that choosing the shard and finding the actor hash it once.
struct HashedName {
  explicit HashedName(std::string_view text)
      : name(text), hash(std::hash<std::string_view>{}(text)) {}
  std::string_view name;
  std::size_t hash;
};

struct NameHash {
  using is_transparent = void;
  std::size_t operator()(const std::string& name) const {
    return std::hash<std::string_view>{}(name);
  }
  std::size_t operator()(const HashedName& name) const { return name.hash; }
};

struct NameEqual {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const { return a == b; }
  bool operator()(const HashedName& a, std::string_view b) const { return a.name == b; }
  bool operator()(std::string_view a, const HashedName& b) const { return a == b.name; }
};

struct Actor {
  Version latest = 0;
  Hash head{};
  std::vector<EventPtr> events;
};

constexpr std::size_t kCacheLine = 64;

struct Entry {
  Position position;
  EventPtr event;
};

/// Some of the actors. Those of different shards are appended to in parallel.
struct alignas(kCacheLine) Shard {
  std::mutex mutex;  // guards all
  std::unordered_map<std::string, Actor, NameHash, NameEqual> actors;
  std::deque<Entry> log;  // the actors' events by position

  std::pair<const std::string, Actor>* find(const HashedName& name) {
    const auto found = actors.find(name);
    return found == actors.end() ? nullptr : &*found;
  }
};

/// An append holds a shard for about 100 ns, less than it takes to put a thread to sleep.
std::unique_lock<std::mutex> lock(Shard& shard) {
  constexpr int kTries = 100;
  for (int i = 0; i < kTries; ++i) {
    std::unique_lock taken(shard.mutex, std::try_to_lock);
    if (taken) return taken;
  }
  return std::unique_lock(shard.mutex);
}

auto first_from(const std::vector<EventPtr>& events, Version version) {
  return std::ranges::lower_bound(events, version, {},
                                  [](const EventPtr& e) { return e->version; });
}

/// What the store and its subscriptions share.
///
/// Positions are given, and events put in place, under the lock of their shard. So whoever then
/// locks a shard finds there every event of it whose position was given before.
class Memory {  // NOLINT(clang-analyzer-optin.performance.Padding): a cache line each
 public:
  static constexpr std::size_t kShards = 32;

  Shard& shard_of(const HashedName& name) {
    return shards_[(name.hash >> 7) % kShards];  // the map's buckets use the low bits
  }

  std::size_t index_of(const HashedName& name) {
    return static_cast<std::size_t>(&shard_of(name) - shards_.data());
  }

  Shard& at(std::size_t index) { return shards_[index]; }

  /// The first of `count` positions. Call it with the shards locked.
  Position take_positions(std::size_t count) { return last_.fetch_add(count) + 1; }

  [[nodiscard]] Page read_all(const Filter& filter, Position after, std::size_t limit) {
    constexpr std::size_t kAtOnce = 1'000;  // events; appends wait meanwhile
    Page page{.events = {}, .next = after};
    const Position last = last_.load();
    while (page.next < last && page.events.size() < limit) {
      merge(filter, last, std::min(limit - page.events.size(), kAtOnce), page);
    }
    return page;
  }

  std::shared_ptr<Notifier> notifier = std::make_shared<Notifier>();
  std::shared_ptr<SubscriptionThreads> threads = std::make_shared<SubscriptionThreads>();

 private:
  using Stretch = std::ranges::subrange<std::deque<Entry>::const_iterator>;

  /// Looks at up to `count` events after `page.next` and up to `last`, and adds those that match.
  void merge(const Filter& filter, Position last, std::size_t count, Page& page) {
    std::vector<std::unique_lock<std::mutex>> locks;
    std::vector<Stretch> stretches;
    for (Shard& shard : shards_) {
      locks.push_back(lock(shard));
      const auto end = shard.log.cend();
      const auto first = std::upper_bound(
          shard.log.cbegin(), end, page.next,
          [](Position position, const Entry& entry) { return position < entry.position; });
      if (first != end) stretches.emplace_back(first, end);
    }
    const auto later = [](const Stretch& a, const Stretch& b) {
      return a.front().position > b.front().position;
    };
    std::ranges::make_heap(stretches, later);
    for (; count > 0; --count) {
      if (stretches.empty() || stretches.front().front().position > last) {
        page.next = last;
        return;
      }
      std::ranges::pop_heap(stretches, later);
      Stretch& next = stretches.back();
      page.next = next.front().position;
      if (filter.matches(*next.front().event)) page.events.push_back(next.front().event);
      next.advance(1);
      if (next.empty()) {
        stretches.pop_back();
      } else {
        std::ranges::push_heap(stretches, later);
      }
    }
  }

  std::array<Shard, kShards> shards_;
  alignas(kCacheLine) std::atomic<Position> last_{0};
};

/// The actors of a commit whose shards are locked.
class LockedHistory final : public History {
 public:
  /// `name` is the commit's first actor.
  LockedHistory(Memory& memory, const HashedName& name) : memory_(memory) { look_up(name); }

  Result<Version> latest_version(std::string_view actor_id) override {
    const Actor* actor = find_actor(actor_id);
    return actor == nullptr ? 0 : actor->latest;
  }

  Result<std::optional<Position>> find(std::string_view actor_id, Version version,
                                       std::string_view id) override {
    const Actor* actor = find_actor(actor_id);
    if (actor == nullptr) return std::nullopt;
    const auto event = first_from(actor->events, version);
    if (event == actor->events.end() || (*event)->version != version || (*event)->id != id) {
      return std::nullopt;
    }
    return (*event)->position;
  }

  /// Makes the actor if it is new.
  void add(std::shared_ptr<StoredEvent> event, bool chain) {
    Actor* actor = find_actor(event->actor_id);
    if (actor == nullptr) {
      found_ = &*shard_->actors.try_emplace(event->actor_id).first;
      actor = &found_->second;
    }
    if (chain) actor->head = event->hash = chain_hash(actor->head, *event);
    actor->latest = event->version;
    actor->events.push_back(event);
    shard_->log.emplace_back(event->position, std::move(event));
  }

 private:
  void look_up(const HashedName& name) {
    shard_ = &memory_.shard_of(name);
    found_ = shard_->find(name);
  }

  Actor* find_actor(std::string_view actor_id) {
    if (found_ == nullptr || found_->first != actor_id) look_up(HashedName(actor_id));
    return found_ == nullptr ? nullptr : &found_->second;
  }

  Memory& memory_;
  // The actor asked for last, and its shard: nearly every commit has one actor.
  Shard* shard_ = nullptr;
  std::pair<const std::string, Actor>* found_ = nullptr;
};

class MemoryEventStore final : public EventStore {
 public:
  explicit MemoryEventStore(const MemoryStoreOptions& options)
      : options_(options), clock_(options.clock != nullptr ? *options.clock : system_clock()) {}

  ~MemoryEventStore() override { memory_->notifier->close(); }
  MemoryEventStore(const MemoryEventStore&) = delete;
  MemoryEventStore& operator=(const MemoryEventStore&) = delete;

  Result<std::vector<EventPtr>> read(std::string_view actor_id,
                                     const ReadOptions& options) override {
    const HashedName name(actor_id);
    Shard& shard = memory_->shard_of(name);
    const auto locked = lock(shard);
    const auto* found = shard.find(name);
    if (found == nullptr) return std::vector<EventPtr>{};
    const std::vector<EventPtr>& events = found->second.events;
    const auto first =
        options.from_version <= 1 ? events.begin() : first_from(events, options.from_version);
    const auto available = static_cast<std::size_t>(events.end() - first);
    return std::vector(first,
                       first + static_cast<std::ptrdiff_t>(std::min(options.limit, available)));
  }

  Result<Page> read_all(const Filter& filter, Position after, std::size_t limit) override {
    if (limit == 0) return fail(Errc::invalid_argument, "a page needs a limit of at least 1");
    return memory_->read_all(filter, after, limit);
  }

  Result<Version> latest_version(std::string_view actor_id) override {
    const HashedName name(actor_id);
    Shard& shard = memory_->shard_of(name);
    const auto locked = lock(shard);
    const auto* found = shard.find(name);
    return found == nullptr ? 0 : found->second.latest;
  }

  Result<Subscription> subscribe(Filter filter, Position after, EventHandler handler) override {
    EventSource source{.read_all = [memory = memory_](const Filter& f, Position a,
                                                      std::size_t limit) -> Result<Page> {
                         return memory->read_all(f, a, limit);
                       },
                       .notifier = memory_->notifier,
                       .threads = memory_->threads};
    return start_polling(std::move(source), std::move(filter), after, std::move(handler));
  }

  [[nodiscard]] Durability durability() const override { return Durability::memory(); }

 protected:
  Result<Appended> do_append(std::span<Event> events, const AppendOptions& options) override {
    if (!durability().satisfies(options.require)) {
      return fail(Errc::unsupported, concat("the memory store keeps nothing beyond the process; ",
                                            to_string(options.require), " was required"));
    }
    if (auto ok = prepare_commit(events, options_.limits, clock_); !ok) {
      return std::unexpected(std::move(ok.error()));
    }
    auto appended = append_locked(events, options);
    if (appended) memory_->notifier->notify();
    return appended;
  }

 private:
  Result<Appended> append_locked(std::span<Event> events, const AppendOptions& options) {
    const HashedName first(events.front().actor_id);
    const bool one_actor = std::ranges::all_of(
        events.subspan(1), [&](const Event& event) { return event.actor_id == first.name; });
    if (one_actor) {
      const auto locked = lock(memory_->shard_of(first));
      return judge_and_store(events, options, LockedHistory(*memory_, first));
    }
    // In one order for all, so that no two commits wait for each other.
    std::array<bool, Memory::kShards> wanted{};
    for (const Event& event : events) wanted[memory_->index_of(HashedName(event.actor_id))] = true;
    std::vector<std::unique_lock<std::mutex>> locks;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (wanted[i]) locks.push_back(lock(memory_->at(i)));
    }
    return judge_and_store(events, options, LockedHistory(*memory_, first));
  }

  Result<Appended> judge_and_store(std::span<Event> events, const AppendOptions& options,
                                   LockedHistory history) {
    const auto judgement = judge_commit(events, options.expected_version, history);
    if (!judgement) return std::unexpected(judgement.error());
    Position position = judgement->position;
    if (!judgement->stored_already) position = store(events, history);
    return Appended{.version = judgement->version,
                    .position = position,
                    .durability = durability(),
                    .stored_already = judgement->stored_already};
  }

  /// The last event's position. Running out of memory here would leave half a commit, so it ends
  /// the program.
  Position store(std::span<Event> events, LockedHistory& history) noexcept {
    Position position = memory_->take_positions(events.size()) - 1;
    for (Event& event : events) {
      auto stored = std::make_shared<StoredEvent>(std::move(event));
      stored->position = ++position;
      history.add(std::move(stored), options_.chain);
    }
    return position;
  }

  const MemoryStoreOptions options_;
  const Clock& clock_;
  std::shared_ptr<Memory> memory_ = std::make_shared<Memory>();
};

}  // namespace

std::unique_ptr<EventStore> make_memory_event_store(const MemoryStoreOptions& options) {
  return std::make_unique<MemoryEventStore>(options);
}

}  // namespace aether
