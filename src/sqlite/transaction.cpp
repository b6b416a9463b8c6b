// SPDX-License-Identifier: Apache-2.0
#include "sqlite/transaction.hpp"

#include "aether/core/chain.hpp"
#include "aether/core/uuid.hpp"
#include "core/text.hpp"
#include "sqlite/event_rows.hpp"
#include "sqlite/snapshot_rows.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace aether::sqlite {

namespace {

int note_log_pages(void* pages, sqlite3* /*database*/, const char* /*schema*/, int count) {
  *static_cast<int*>(pages) = count;
  return SQLITE_OK;
}

/// Of a COMMIT. A full disk cuts the log off before the record that makes the commit count. What
/// else fails may fail behind that record: memory for the index of the log, for instance.
bool is_certainly_undone(int code) {
  return (code & 0xff) == SQLITE_FULL || (code & 0xff) == SQLITE_BUSY;
}

bool is_fsync_failure(int code) {
  return code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC;
}

}  // namespace

Result<std::unique_ptr<Transactions>> Transactions::open(Connection connection,
                                                         std::size_t head_cache_actors) {
  std::unique_ptr<Transactions> made(new Transactions(std::move(connection), head_cache_actors));
  if (auto ok = made->prepare_statements(); !ok) return std::unexpected(std::move(ok.error()));
  sqlite3_wal_hook(made->connection_.raw(), note_log_pages, &made->log_pages_);
  return made;
}

Result<void> Transactions::prepare_statements() {
  const std::array<std::pair<Statement*, std::string_view>, 11> statements{{
      {&begin_, "BEGIN IMMEDIATE"},
      {&commit_, "COMMIT"},
      {&data_version_, "PRAGMA data_version"},
      {&find_actor_, "SELECT id FROM actors WHERE name = ?1"},
      {&add_actor_, "INSERT INTO actors (name) VALUES (?1) RETURNING id"},
      {&find_type_, "SELECT id FROM event_types WHERE name = ?1"},
      {&add_type_, "INSERT INTO event_types (name) VALUES (?1) RETURNING id"},
      {&find_head_,
       "SELECT version, hash FROM events WHERE actor = ?1 ORDER BY version DESC LIMIT 1"},
      {&find_event_, "SELECT position, id FROM events WHERE actor = ?1 AND version = ?2"},
      {&last_event_, "SELECT position, actor FROM events ORDER BY position DESC LIMIT 1"},
      {&remove_snapshot_, "DELETE FROM snapshots WHERE actor_id = ?1"},
  }};
  for (const auto& [statement, sql] : statements) {
    auto prepared = connection_.prepare(sql);
    if (!prepared) return std::unexpected(std::move(prepared.error()));
    *statement = std::move(*prepared);
  }
  auto insert = prepare_event_insert(connection_);
  if (!insert) return std::unexpected(std::move(insert.error()));
  insert_ = std::move(*insert);
  auto save = prepare_snapshot_save(connection_);
  if (!save) return std::unexpected(std::move(save.error()));
  save_snapshot_ = std::move(*save);
  return {};
}

Result<void> Transactions::check_in_place() const {
  int moved = 0;
  const int code = sqlite3_file_control(connection_.raw(), "main", SQLITE_FCNTL_HAS_MOVED, &moved);
  if (code != SQLITE_OK || moved == 0) return {};
  return fail(Errc::unavailable,
              "the database was moved or removed while the store was opened: open it anew");
}

Result<void> Transactions::begin(std::chrono::milliseconds patience) {
  connection_.set_busy_timeout(patience);
  if (auto ok = begin_.run(); !ok) return ok;
  heads_.trim();
  event_types_.trim();
  if (auto ok = forget_if_changed(); !ok) {
    roll_back();
    return ok;
  }
  return {};
}

/// Another program, such as the sqlite3 program, may have written since: it keeps no lock of ours.
Result<void> Transactions::forget_if_changed() {
  const ResetGuard reset(data_version_);
  const auto row = data_version_.step();
  if (!row) return std::unexpected(row.error());
  const std::int64_t version = data_version_.integer(0);
  if (version != seen_data_version_) forget();
  seen_data_version_ = version;
  if (last_known_) return {};

  const ResetGuard reset_last(last_event_);
  const auto last = last_event_.step();
  if (!last) return std::unexpected(last.error());
  last_position_ = *last ? last_event_.unsigned_integer(0) : 0;
  last_actor_ = *last ? last_event_.integer(1) : 0;
  last_known_ = true;
  return {};
}

Result<Head*> Transactions::head_of(std::string_view actor_id) {
  if (Head* known = heads_.find(actor_id)) return known;
  Head head;
  {
    const ResetGuard reset(find_actor_);
    const auto row = find_actor_.bind_text(1, actor_id).step();
    if (!row) return std::unexpected(row.error());
    if (*row) head.actor = find_actor_.integer(0);
  }
  if (head.actor != 0) {
    const ResetGuard reset(find_head_);
    const auto row = find_head_.bind(1, head.actor).step();
    if (!row) return std::unexpected(row.error());
    if (*row) {
      head.version = find_head_.unsigned_integer(0);
      const std::string_view hash = find_head_.text(1);
      std::ranges::transform(hash.substr(0, head.hash.size()), head.hash.begin(),
                             [](char c) { return static_cast<std::byte>(c); });
    }
  }
  return &heads_.insert(actor_id, head);
}

Result<void> Transactions::number_actor(std::string_view actor_id, Head& head) {
  if (head.actor != 0) return {};
  const ResetGuard reset(add_actor_);
  const auto row = add_actor_.bind_text(1, actor_id).step();
  if (!row) return std::unexpected(row.error());
  if (!*row) return fail(Errc::corrupt, concat("the actor ", quoted(actor_id), " cannot be added"));
  head.actor = add_actor_.integer(0);
  return {};
}

Result<std::int64_t> Transactions::number_event_type(std::string_view name) {
  if (const std::int64_t* known = event_types_.find(name)) return *known;
  for (Statement* statement : {&find_type_, &add_type_}) {
    const ResetGuard reset(*statement);
    const auto row = statement->bind_text(1, name).step();
    if (!row) return std::unexpected(row.error());
    if (*row) return event_types_.insert(name, statement->integer(0));
  }
  return fail(Errc::corrupt, concat("the event type ", quoted(name), " cannot be added"));
}

Result<Version> Transactions::latest_version(std::string_view actor_id) {
  const auto head = head_of(actor_id);
  if (!head) return std::unexpected(head.error());
  return (*head)->version;
}

Result<std::optional<Position>> Transactions::find(std::string_view actor_id, Version version,
                                                   std::string_view id) {
  const auto head = head_of(actor_id);
  if (!head) return std::unexpected(head.error());
  if (version > kMaxVersion) return std::nullopt;
  const ResetGuard reset(find_event_);
  const auto row =
      find_event_.bind(1, (*head)->actor).bind(2, static_cast<std::int64_t>(version)).step();
  if (!row) return std::unexpected(row.error());
  if (!*row) return std::nullopt;
  const auto uuid = parse_uuid(id);
  const std::string_view stored =
      uuid ? std::string_view(reinterpret_cast<const char*>(uuid->data()), uuid->size()) : id;
  const bool same =
      find_event_.text(1) == stored && (find_event_.type(1) == SQLITE_BLOB) == uuid.has_value();
  if (!same) return std::nullopt;
  return find_event_.unsigned_integer(0);
}

Result<Appended> Transactions::append(std::span<Event> events,
                                      std::optional<Version> expected_version) {
  const auto judgement = judge_commit(events, expected_version, *this);
  if (!judgement) return std::unexpected(judgement.error());
  Appended appended{.version = judgement->version,
                    .position = judgement->position,
                    .durability = Durability::fsynced()};
  appended.stored_already = judgement->stored_already;
  if (appended.stored_already) return appended;
  for (const Event& event : events) {
    const auto position = store(event);
    if (!position) return std::unexpected(position.error());
    appended.position = *position;
  }
  return appended;
}

Result<Position> Transactions::store(const Event& event) {
  const auto head = head_of(event.actor_id);
  if (!head) return std::unexpected(head.error());
  if (auto ok = number_actor(event.actor_id, **head); !ok) return std::unexpected(ok.error());
  const auto type = number_event_type(event.event_type);
  if (!type) return std::unexpected(type.error());
  const Hash hash = chain_hash((*head)->hash, event);
  auto inserted = insert_event_row(insert_, {.event = event,
                                             .position = last_position_ + 1,
                                             .actor = (*head)->actor,
                                             .previous_actor = last_actor_,
                                             .event_type = *type,
                                             .hash = hash});
  if (!inserted) return std::unexpected(std::move(inserted.error()));
  if (sqlite3_changes64(connection_.raw()) != 1) {  // a trigger may say RAISE(IGNORE)
    return fail(Errc::corrupt,
                "the database did not take an event: somebody added a trigger that is not the "
                "store's; run `aether verify`");
  }
  last_actor_ = (*head)->actor;
  (*head)->version = event.version;
  (*head)->hash = hash;
  return ++last_position_;
}

Result<void> Transactions::save_snapshot(const Snapshot& snapshot) {
  return save_snapshot_row(save_snapshot_, snapshot);
}

Result<void> Transactions::remove_snapshot(std::string_view actor_id) {
  return remove_snapshot_.bind_text(1, actor_id).run();
}

GroupEnd Transactions::commit() {
  auto committed = commit_.run();
  if (committed) return {};
  const int code = sqlite3_extended_errcode(connection_.raw());
  GroupEnd end{.error = std::move(committed.error()),
               .unknown = !is_certainly_undone(code),
               .poisoned = is_fsync_failure(code)};
  roll_back();
  if (end.unknown) end.error->code = Errc::outcome_unknown;
  return end;
}

void Transactions::roll_back() {
  forget();
  if (sqlite3_get_autocommit(connection_.raw()) == 0) {
    // It can fail only as the failure before it did; what is not committed is then undone by the
    // next to open the file.
    static_cast<void>(sqlite3_exec(connection_.raw(), "ROLLBACK", nullptr, nullptr, nullptr));
  }
}

void Transactions::forget() {
  heads_.clear();
  event_types_.clear();
  last_known_ = false;
}

Result<void> Transactions::checkpoint() {
  log_pages_ = 0;
  const int code = sqlite3_wal_checkpoint_v2(connection_.raw(), "main", SQLITE_CHECKPOINT_PASSIVE,
                                             nullptr, nullptr);
  if (code == SQLITE_OK || code == SQLITE_BUSY) return {};
  return std::unexpected(connection_.error(code, "moving the write-ahead log into the database"));
}

}  // namespace aether::sqlite
