// SPDX-License-Identifier: Apache-2.0
#include "sqlite/readers.hpp"

#include "core/text.hpp"
#include "sqlite/event_rows.hpp"
#include "sqlite/files.hpp"
#include "sqlite/snapshot_rows.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace aether::sqlite {

namespace {

// Idle connections keep their page caches (see below).
constexpr std::size_t kMaxIdleReaders = 4;

// A type's name is remembered; a store with more types than this forgets them all now and then.
constexpr std::size_t kMaxRememberedTypes = 10'000;

constexpr std::int64_t kNoLimit = -1;

std::int64_t as_limit(std::size_t limit) {
  return limit > std::size_t{std::numeric_limits<std::int32_t>::max()}
             ? kNoLimit
             : static_cast<std::int64_t>(limit);
}

std::int64_t clamp(std::uint64_t value) {
  return static_cast<std::int64_t>(std::min(value, kMaxVersion));
}

}  // namespace

Result<std::unique_ptr<Reader>> Reader::open(ReadConnection connection) {
  std::unique_ptr<Reader> made(new Reader(std::move(connection)));
  const std::string select = concat("SELECT ", kEventColumns);
  const std::array<std::pair<Statement*, std::string>, 10> statements{{
      {&made->find_actor_, "SELECT id FROM actors WHERE name = ?1"},
      {&made->find_event_type_, "SELECT name FROM event_types WHERE id = ?1"},
      {&made->read_, concat(select,
                            " FROM events e WHERE e.actor = ?1 AND e.version >= ?2 "
                            "ORDER BY e.version LIMIT ?3")},
      {&made->read_all_, concat(select,
                                ", a.name FROM events e LEFT JOIN actors a ON "
                                "a.id = e.actor WHERE e.position > ?1 ORDER BY e.position")},
      {&made->latest_, "SELECT version FROM events WHERE actor = ?1 ORDER BY version DESC LIMIT 1"},
      {&made->last_, "SELECT max(position) FROM events"},
      {&made->version_at_, "SELECT version FROM events WHERE position = ?2 AND actor = ?1"},
      {&made->version_before_,
       "SELECT version FROM events WHERE actor = ?1 AND +position <= ?2 "
       "ORDER BY version DESC LIMIT 1"},
      {&made->begin_, "BEGIN"},
      {&made->end_, "COMMIT"},
  }};
  for (const auto& [statement, sql] : statements) {
    auto prepared = made->connection_.get().prepare(sql);
    if (!prepared) return std::unexpected(std::move(prepared.error()));
    *statement = std::move(*prepared);
  }
  auto load = prepare_snapshot_load(made->connection_.get());
  if (!load) return std::unexpected(std::move(load.error()));
  made->load_snapshot_ = std::move(*load);
  return made;
}

Result<std::int64_t> Reader::actor_number(std::string_view actor_id) {
  const ResetGuard reset(find_actor_);
  const auto row = find_actor_.bind_text(1, actor_id).step();
  if (!row) return std::unexpected(row.error());
  return *row ? find_actor_.integer(0) : 0;
}

/// "" if there is none: the row that refers to it is damaged.
Result<std::string_view> Reader::event_type(std::int64_t number) {
  if (const auto known = event_types_.find(number); known != event_types_.end()) {
    return known->second;
  }
  const ResetGuard reset(find_event_type_);
  const auto row = find_event_type_.bind(1, number).step();
  if (!row) return std::unexpected(row.error());
  if (!*row) return std::string_view();
  if (event_types_.size() >= kMaxRememberedTypes) event_types_.clear();
  return event_types_.emplace(number, find_event_type_.text(0)).first->second;
}

Result<std::vector<EventPtr>> Reader::read(std::string_view actor_id, const ReadOptions& options) {
  std::vector<EventPtr> events;
  if (options.from_version > kMaxVersion) return events;
  const auto actor = actor_number(actor_id);
  if (!actor) return std::unexpected(actor.error());
  if (*actor == 0) return events;
  const ResetGuard reset(read_);
  read_.bind(1, *actor).bind(2, clamp(options.from_version)).bind(3, as_limit(options.limit));
  while (true) {
    const auto row = read_.step();
    if (!row) return std::unexpected(row.error());
    if (!*row) return events;
    const auto type = event_type(read_.integer(2));
    if (!type) return std::unexpected(type.error());
    auto event = read_event_row(read_, {.actor_id = actor_id, .event_type = *type});
    if (!event) return std::unexpected(std::move(event.error()));
    events.push_back(std::move(*event));
  }
}

Result<Version> Reader::latest_version(std::string_view actor_id) {
  const auto actor = actor_number(actor_id);
  if (!actor) return std::unexpected(actor.error());
  const ResetGuard reset(latest_);
  const auto row = latest_.bind(1, *actor).step();
  if (!row) return std::unexpected(row.error());
  return *row ? latest_.unsigned_integer(0) : 0;
}

Result<Snapshot> Reader::load_snapshot(std::string_view actor_id) {
  return load_snapshot_row(load_snapshot_, actor_id);
}

Result<Page> Reader::read_all(const Filter& filter, Position after, std::size_t limit) {
  if (after > kMaxVersion) return Page{.next = after};
  // One read transaction, so that all of it sees the same end of the store.
  if (auto begun = begin_.run(); !begun) return std::unexpected(begun.error());
  auto page = filter.actor_id.empty() ? read_all_of_any(filter, after, limit)
                                      : read_all_of_actor(filter, after, limit);
  if (auto ended = end_.run(); !ended && page) return std::unexpected(ended.error());
  return page;
}

Result<Page> Reader::read_all_of_any(const Filter& filter, Position after, std::size_t limit) {
  Page page{.events = {}, .next = after};
  const ResetGuard reset(read_all_);
  read_all_.bind(1, clamp(after));
  while (page.events.size() < limit) {
    const auto row = read_all_.step();
    if (!row) return std::unexpected(row.error());
    if (!*row) break;
    const auto type = event_type(read_all_.integer(2));
    if (!type) return std::unexpected(type.error());
    auto event = read_event_row(
        read_all_, {.actor_id = read_all_.text(kEventColumnCount), .event_type = *type});
    if (!event) return std::unexpected(std::move(event.error()));
    page.next = (*event)->position;
    if (filter.matches(**event)) page.events.push_back(std::move(*event));
  }
  return page;
}

/// By the actor's own index: its versions are in the order of their positions.
Result<Page> Reader::read_all_of_actor(const Filter& filter, Position after, std::size_t limit) {
  Page page{.events = {}, .next = after};
  const auto last = last_position();
  if (!last) return std::unexpected(last.error());
  const auto actor = actor_number(filter.actor_id);
  if (!actor) return std::unexpected(actor.error());
  const auto reached = version_reached(*actor, after);
  if (!reached) return std::unexpected(reached.error());
  const ResetGuard reset(read_);
  read_.bind(1, *actor).bind(2, clamp(*reached + 1)).bind(3, kNoLimit);
  while (page.events.size() < limit) {
    const auto row = read_.step();
    if (!row) return std::unexpected(row.error());
    if (!*row) {
      page.next = std::max(after, *last);
      break;
    }
    const auto type = event_type(read_.integer(2));
    if (!type) return std::unexpected(type.error());
    auto event = read_event_row(read_, {.actor_id = filter.actor_id, .event_type = *type});
    if (!event) return std::unexpected(std::move(event.error()));
    page.next = (*event)->position;
    if (filter.matches(**event)) page.events.push_back(std::move(*event));
  }
  return page;
}

/// The actor's version at the position `after`. A page's end is nearly always an event of the actor
/// itself, or near the end of the store.
Result<Version> Reader::version_reached(std::int64_t actor, Position after) {
  for (Statement* statement : {&version_at_, &version_before_}) {
    const ResetGuard reset(*statement);
    const auto row = statement->bind(1, actor).bind(2, clamp(after)).step();
    if (!row) return std::unexpected(row.error());
    if (*row) return statement->unsigned_integer(0);
  }
  return 0;
}

Result<Position> Reader::last_position() {
  const ResetGuard reset(last_);
  const auto row = last_.step();
  if (!row) return std::unexpected(row.error());
  return *row ? last_.unsigned_integer(0) : 0;
}

Result<ReadConnection> Readers::connect() const { return open_for_reading(path_, vfs_); }

Result<std::unique_ptr<Reader>> Readers::take() {
  if (file_ && identity_of(path_) != file_) {
    return fail(
        Errc::not_found,
        concat(quoted(path_),
               " was moved, replaced or removed since it was opened, or got a second name: put "
               "it back, or open it anew"));
  }
  while (auto reader = take_idle()) {
    if (!reader->is_outdated()) return reader;
  }
  auto connection = connect();
  if (!connection) return std::unexpected(std::move(connection.error()));
  return Reader::open(std::move(*connection));
}

std::unique_ptr<Reader> Readers::take_idle() {
  const std::scoped_lock lock(mutex_);
  if (idle_.empty()) return nullptr;
  auto reader = std::move(idle_.back());
  idle_.pop_back();
  return reader;
}

void Readers::give_back(std::unique_ptr<Reader> reader) {
  const std::scoped_lock lock(mutex_);
  if (idle_.size() < kMaxIdleReaders) idle_.push_back(std::move(reader));
}

void Readers::close_idle() {
  const std::scoped_lock lock(mutex_);
  idle_.clear();
}

}  // namespace aether::sqlite
