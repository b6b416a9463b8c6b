// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/error.hpp"
#include "aether/core/event.hpp"
#include "aether/store/commit.hpp"
#include "aether/store/event_store.hpp"
#include "aether/store/snapshot_store.hpp"
#include "sqlite/connection.hpp"
#include "sqlite/heads.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

namespace aether::sqlite {

/// How a group of commits ended.
struct GroupEnd {
  /// Empty: stored. Else nothing of the group may be reported as stored, nor as refused.
  std::optional<Error> error;
  /// The disk did not say whether it has the data: the error is `outcome_unknown` for what was
  /// accepted.
  bool unknown = false;
  /// After a failed fsync nothing that this connection believes about the file can be trusted.
  bool poisoned = false;
};

/// The one connection that writes. Groups commits into transactions; knows the actors' heads.
/// Used by one thread at a time.
class Transactions final : private History {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Transactions>> open(Connection connection,
                                                                  std::size_t head_cache_actors);

  /// Waits that long for another program's lock.
  [[nodiscard]] Result<void> begin(std::chrono::milliseconds patience);

  /// `unavailable` where the database's name means another file than the one that is open.
  [[nodiscard]] Result<void> check_in_place() const;

  /// Judges and stores one commit within the group. An error other than `version_conflict` and
  /// `invalid_argument` means that the whole group must be ended as failed.
  [[nodiscard]] Result<Appended> append(std::span<Event> events,
                                        std::optional<Version> expected_version);
  [[nodiscard]] Result<void> save_snapshot(const Snapshot& snapshot);
  [[nodiscard]] Result<void> remove_snapshot(std::string_view actor_id);

  /// Makes the group durable.
  [[nodiscard]] GroupEnd commit();
  /// Undoes the group.
  void roll_back();

  /// Moves the write-ahead log into the database file, as far as no reader holds it back.
  [[nodiscard]] Result<void> checkpoint();
  /// Pages in the write-ahead log after the last commit.
  [[nodiscard]] int log_pages() const { return log_pages_; }

 private:
  Transactions(Connection connection, std::size_t head_cache_actors)
      : connection_(std::move(connection)), heads_(head_cache_actors), event_types_(1'000) {}

  Result<void> prepare_statements();
  Result<void> forget_if_changed();
  Result<Head*> head_of(std::string_view actor_id);
  Result<void> number_actor(std::string_view actor_id, Head& head);
  Result<std::int64_t> number_event_type(std::string_view name);
  Result<Position> store(const Event& event);
  void forget();

  Result<Version> latest_version(std::string_view actor_id) override;
  Result<std::optional<Position>> find(std::string_view actor_id, Version version,
                                       std::string_view id) override;

  Connection connection_;
  Statement begin_, commit_, data_version_, find_actor_, add_actor_, find_type_, add_type_;
  Statement find_head_, find_event_, last_event_, insert_, save_snapshot_, remove_snapshot_;

  RecentCache<Head> heads_;
  RecentCache<std::int64_t> event_types_;
  bool last_known_ = false;
  Position last_position_ = 0;
  std::int64_t last_actor_ = 0;  // the actor of the event at last_position_
  std::int64_t seen_data_version_ = 0;
  int log_pages_ = 0;
};

}  // namespace aether::sqlite
