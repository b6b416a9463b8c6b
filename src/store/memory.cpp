// SPDX-License-Identifier: Apache-2.0
#include "aether/store/memory.hpp"

#include "aether/core/chain.hpp"
#include "aether/store/commit.hpp"
#include "core/text.hpp"
#include "store/memory_log.hpp"
#include "store/polling_subscription.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <mutex>
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

struct alignas(kCacheLine) Shard {
  std::mutex mutex;  // guards actors
  std::unordered_map<std::string, Actor, NameHash, NameEqual> actors;

  std::pair<const std::string, Actor>* find(const HashedName& name) {
    const auto found = actors.find(name);
    return found == actors.end() ? nullptr : &*found;
  }
};

auto first_from(const std::vector<EventPtr>& events, Version version) {
  return std::ranges::lower_bound(events, version, {},
                                  [](const EventPtr& e) { return e->version; });
}

/// What the store and its subscriptions share.
class Memory {
 public:
  /// Actors on different shards are appended to in parallel.
  static constexpr std::size_t kShards = 64;

  Shard& shard_of(const HashedName& name) {
    return shards_[(name.hash >> 7) % kShards];  // the map's buckets use the low bits
  }

  std::size_t index_of(const HashedName& name) {
    return static_cast<std::size_t>(&shard_of(name) - shards_.data());
  }

  std::mutex& mutex_at(std::size_t index) { return shards_[index].mutex; }

  [[nodiscard]] Page read_all(const Filter& filter, Position after, std::size_t limit) const {
    Page page{.events = {}, .next = after};
    const Position last = log.last();
    while (page.next < last && page.events.size() < limit) {
      const EventPtr& event = log.at(++page.next);
      if (filter.matches(*event)) page.events.push_back(event);
    }
    return page;
  }

  MemoryLog log;
  std::shared_ptr<Notifier> notifier = std::make_shared<Notifier>();

 private:
  std::array<Shard, kShards> shards_;
};

/// The actors of a commit whose shards are locked.
class LockedHistory final : public History {
 public:
  /// `name` is the commit's first actor.
  LockedHistory(Memory& memory, const HashedName& name)
      : memory_(memory), last_(memory.shard_of(name).find(name)) {}

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

  /// The actor to append to, made if it is new.
  Actor& actor_for(const std::string& actor_id) {
    if (Actor* known = find_actor(actor_id)) return *known;
    last_ = &*memory_.shard_of(HashedName(actor_id)).actors.try_emplace(actor_id).first;
    return last_->second;
  }

 private:
  Actor* find_actor(std::string_view actor_id) {
    if (last_ == nullptr || last_->first != actor_id) {
      const HashedName name(actor_id);
      last_ = memory_.shard_of(name).find(name);
    }
    return last_ == nullptr ? nullptr : &last_->second;
  }

  Memory& memory_;
  std::pair<const std::string, Actor>* last_;  // nearly every commit has one actor
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
    const std::scoped_lock lock(shard.mutex);
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
    const std::scoped_lock lock(shard.mutex);
    const auto* found = shard.find(name);
    return found == nullptr ? 0 : found->second.latest;
  }

  Result<Subscription> subscribe(Filter filter, Position after, EventHandler handler) override {
    EventSource source{.read_all = [memory = memory_](const Filter& f, Position a,
                                                      std::size_t limit) -> Result<Page> {
                         return memory->read_all(f, a, limit);
                       },
                       .notifier = memory_->notifier};
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
      const std::scoped_lock lock(memory_->shard_of(first).mutex);
      return judge_and_store(events, options, LockedHistory(*memory_, first));
    }
    // In one order for all, so that no two commits wait for each other.
    std::array<bool, Memory::kShards> wanted{};
    for (const Event& event : events) wanted[memory_->index_of(HashedName(event.actor_id))] = true;
    std::vector<std::unique_lock<std::mutex>> locks;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (wanted[i]) locks.emplace_back(memory_->mutex_at(i));
    }
    return judge_and_store(events, options, LockedHistory(*memory_, first));
  }

  Result<Appended> judge_and_store(std::span<Event> events, const AppendOptions& options,
                                   LockedHistory history) {
    const auto judgement = judge_commit(events, options.expected_version, history);
    if (!judgement) return std::unexpected(judgement.error());
    Position position = judgement->position;
    if (!judgement->stored_already) position = store(events, history);
    return Appended{
        .version = judgement->version, .position = position, .durability = durability()};
  }

  Position store(std::span<Event> events, LockedHistory& history) {
    if (events.size() == 1) {
      const std::shared_ptr<StoredEvent> event = add(events.front(), history);
      memory_->log.append(std::span(&event, 1));
      return event->position;
    }
    std::vector<std::shared_ptr<StoredEvent>> stored;
    stored.reserve(events.size());
    for (Event& event : events) stored.push_back(add(event, history));
    memory_->log.append(stored);
    return stored.back()->position;
  }

  /// Adds to the actor's events. Nobody reads them before the shard is unlocked, and by then the
  /// log has given the position.
  std::shared_ptr<StoredEvent> add(Event& event, LockedHistory& history) {
    Actor& actor = history.actor_for(event.actor_id);
    auto stored = std::make_shared<StoredEvent>(std::move(event));
    if (options_.chain) actor.head = stored->hash = chain_hash(actor.head, *stored);
    actor.latest = stored->version;
    actor.events.push_back(stored);
    return stored;
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
