// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/chain.hpp"
#include "aether/store/audit.hpp"
#include "aether/store/event_store.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <ranges>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aether::testing {

/// A store for tests of what reads one: it holds what is put into it, however wrong, in the order
/// of the vector, and fails where it is told to.
class HandMadeStore : public EventStore {
 public:
  std::vector<StoredEvent> events;
  std::set<Position> unreadable;
  Errc error = Errc::corrupt;
  bool tells_position = true;      // of what is unreadable
  bool fails_whole_pages = false;  // or reads up to what is unreadable
  bool stuck = false;              // every page says to go on where it began

  /// Appends an event with the right hash.
  void append_chained(StoredEvent event) {
    Hash previous{};
    for (const StoredEvent& other : events) {
      if (other.actor_id == event.actor_id) previous = other.hash;
    }
    event.hash = chain_hash(previous, event);
    events.push_back(std::move(event));
  }

  [[nodiscard]] StoredEvent& at(std::string_view actor_id, Version version) {
    return *std::ranges::find_if(events, [&](const StoredEvent& event) {
      return event.actor_id == actor_id && event.version == version;
    });
  }

  Result<Page> read_all(const Filter& filter, Position after, std::size_t limit) override {
    Page page{.events = {}, .next = after};
    for (const StoredEvent& event : events | std::views::drop_while([&](const StoredEvent& e) {
                                      return e.position <= after;
                                    })) {
      if (page.events.size() == limit) break;
      if (unreadable.contains(event.position)) {
        if (!page.events.empty() && !fails_whole_pages) break;
        return std::unexpected(Error{.code = error,
                                     .message = "an event cannot be read",
                                     .position = tells_position ? event.position : 0});
      }
      if (filter.matches(event)) page.events.push_back(std::make_shared<StoredEvent>(event));
      page.next = std::max(page.next, event.position);
    }
    if (stuck) page.next = after;
    return page;
  }

  Result<std::vector<EventPtr>> read(std::string_view actor_id,
                                     const ReadOptions& options) override {
    std::vector<EventPtr> found;
    for (const StoredEvent& event : events) {
      if (event.actor_id != actor_id || event.version < options.from_version) continue;
      if (found.size() < options.limit) found.push_back(std::make_shared<StoredEvent>(event));
    }
    return found;
  }
  Result<Version> latest_version(std::string_view actor_id) override {
    Version latest = 0;
    for (const StoredEvent& event : events) {
      if (event.actor_id == actor_id) latest = event.version;
    }
    return latest;
  }
  Result<Subscription> subscribe(Filter /*filter*/, Position /*after*/,
                                 EventHandler /*handler*/) override {
    return not_here();
  }
  [[nodiscard]] Durability durability() const override { return Durability::memory(); }

 protected:
  Result<Appended> do_append(std::span<Event> /*events*/,
                             const AppendOptions& /*options*/) override {
    return not_here();
  }

 private:
  static std::unexpected<Error> not_here() {
    return fail(Errc::unsupported, "this store can only be read, and that at once");
  }
};

/// A store that finds things by itself.
class InspectedStore final : public HandMadeStore, public Inspectable {
 public:
  InspectedStore(HandMadeStore store, std::vector<Finding> findings, Result<void> result = {})
      : HandMadeStore(std::move(store)),
        findings_(std::move(findings)),
        result_(std::move(result)) {}

  Result<void> inspect(const std::function<void(Finding)>& report,
                       std::stop_token /*stop*/) override {
    for (const Finding& finding : findings_) report(finding);
    return result_;
  }

 private:
  std::vector<Finding> findings_;
  Result<void> result_;
};

/// A store that has removed its oldest events: those before `retained` are gone.
class RetainingStore final : public HandMadeStore, public Retaining {
 public:
  explicit RetainingStore(HandMadeStore store) : HandMadeStore(std::move(store)) {}

  Position retained = 0;
  std::function<void()> on_page{};  // before each page: time passes

  void remove_before(Position position) {
    std::erase_if(events, [&](const StoredEvent& event) { return event.position < position; });
    retained = position;
  }

  Result<Page> read_all(const Filter& filter, Position after, std::size_t limit) override {
    if (on_page) on_page();
    return HandMadeStore::read_all(filter, after, limit);
  }
  Result<Position> retained_from() override { return retained; }
};

/// Nine events of three actors, at positions with gaps, with a gap in the versions of one, and a
/// good chain.
inline HandMadeStore three_actors() {
  struct Place {
    const char* actor_id;
    Version version;
  };
  HandMadeStore store;
  Position position = 0;
  for (const auto& [actor_id, version] :
       {Place{"order-1", 1}, Place{"order-2", 1}, Place{"order-1", 2}, Place{"cart-1", 1},
        Place{"order-1", 3}, Place{"order-2", 4}, Place{"order-2", 5}, Place{"cart-1", 2},
        Place{"cart-1", 3}}) {
    StoredEvent event;
    event.id = std::to_string(++position);
    event.event_type = "Happened";
    event.actor_id = actor_id;
    event.version = version;
    event.data = Data::json(R"({"total":)" + std::to_string(100 + position) + "}");
    event.metadata = {{"user", "ann"}};
    event.timestamp = Timestamp(std::chrono::seconds(position));
    event.position = 10 * position;
    store.append_chained(std::move(event));
  }
  return store;
}

}  // namespace aether::testing
