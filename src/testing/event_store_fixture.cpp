// SPDX-License-Identifier: Apache-2.0
#include "testing/event_store_fixture.hpp"

#include "aether/core/time.hpp"

#include <algorithm>
#include <utility>

namespace aether::testing {

namespace {

template <class T>
T value_of(Result<T> result, const T& otherwise) {
  EXPECT_THAT(result, Succeeds());
  return result ? std::move(*result) : otherwise;
}

}  // namespace

void EventStoreTest::SetUp() {
  const auto start = parse_timestamp("2026-08-20T10:11:12.123456789Z");
  ASSERT_THAT(start, Succeeds());
  clock_.set(*start);
  harness_ = subject_->make_harness(clock_);
  ASSERT_NE(harness_, nullptr) << "the harness could not be made";
}

Appended EventStoreTest::append(Event event, const AppendOptions& options) {
  return value_of(store().append(std::move(event), options), {});
}

Appended EventStoreTest::append(std::vector<Event> events, const AppendOptions& options) {
  return value_of(store().append(std::move(events), options), {});
}

void EventStoreTest::append_many(const std::string& actor_id, std::size_t count) {
  for (std::size_t i = 0; i < count && !HasFailure(); ++i) append(event_of(actor_id));
}

std::vector<EventPtr> EventStoreTest::read(std::string_view actor_id, const ReadOptions& options) {
  return value_of(store().read(actor_id, options), {});
}

Version EventStoreTest::latest(std::string_view actor_id) {
  return value_of(store().latest_version(actor_id), Version{0});
}

std::vector<EventPtr> EventStoreTest::read_all(const Filter& filter, Position after,
                                               std::size_t limit) {
  std::vector<EventPtr> all;
  while (true) {
    const auto page = store().read_all(filter, after, limit);
    EXPECT_THAT(page, Succeeds());
    if (!page || page->events.empty()) return all;
    EXPECT_LE(page->events.size(), limit);
    EXPECT_GE(page->next, page->events.back()->position) << "a page must not be seen twice";
    if (page->next <= after) {
      ADD_FAILURE() << "the page after position " << after << " says to go on after position "
                    << page->next;
      return all;
    }
    all.insert(all.end(), page->events.begin(), page->events.end());
    after = page->next;
  }
}

Subscription EventStoreTest::subscribe(EventHandler handler, Position after, Filter filter) {
  auto subscription = store().subscribe(std::move(filter), after, std::move(handler));
  EXPECT_THAT(subscription, Succeeds());
  return subscription ? std::move(*subscription) : Subscription();
}

Event event_of(std::string actor_id, std::string event_type, Version version) {
  return {.id = {},
          .event_type = std::move(event_type),
          .actor_id = std::move(actor_id),
          .version = version,
          .data = {},
          .metadata = {}};
}

Event event_with_id(std::string actor_id, std::string id, Version version) {
  Event event = event_of(std::move(actor_id), "Happened", version);
  event.id = std::move(id);
  return event;
}

std::vector<Version> versions_of(const std::vector<EventPtr>& events) {
  std::vector<Version> versions;
  versions.reserve(events.size());
  for (const EventPtr& event : events) versions.push_back(event->version);
  return versions;
}

std::vector<std::string> types_of(const std::vector<EventPtr>& events) {
  std::vector<std::string> types;
  types.reserve(events.size());
  for (const EventPtr& event : events) types.push_back(event->event_type);
  return types;
}

std::vector<Position> positions_of(const std::vector<EventPtr>& events) {
  std::vector<Position> positions;
  positions.reserve(events.size());
  for (const EventPtr& event : events) positions.push_back(event->position);
  return positions;
}

bool strictly_increase(const std::vector<Position>& positions) {
  return std::ranges::adjacent_find(positions, std::greater_equal<>()) == positions.end();
}

std::vector<Version> versions_up_to(std::size_t count) {
  std::vector<Version> versions(count);
  for (std::size_t i = 0; i < count; ++i) versions[i] = i + 1;
  return versions;
}

}  // namespace aether::testing
