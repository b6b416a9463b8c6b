// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <stdexcept>
#include <string_view>

namespace aether::planted {

/// What a store that looks right may get wrong. The conformance suite must notice each; "none" must
/// pass.
inline constexpr auto kBugs = std::to_array<std::string_view>({
    "none",
    // Appending.
    "no_lock",
    "check_skipped",
    "given_version_ignored",
    "conflict_stores",
    "conflict_without_version",
    "version_burned_by_conflict",
    "partial_commit",
    "half_commit_visible",
    "ack_too_early",
    "ack_before_sync",
    "durability_promised_blindly",
    // Repeating.
    "repeat_appends_twice",
    "repeat_conflicts",
    "repeat_not_told",
    "repeat_of_the_last_only",
    "repeat_compares_nothing",
    // Appending without waiting.
    "completion_twice",
    "completion_lost_on_failure",
    "completion_throws_through",
    "async_overtakes",
    // What is kept.
    "data_reencoded",
    "content_type_lost",
    "metadata_lost",
    "actor_ids_fold_case",
    "clock_ignored",
    "input_unchecked",
    "limits_ignored",
    "chain_not_linked",
    // The store's order.
    "position_shared_by_a_commit",
    "positions_restart",
    "read_all_by_actor",
    "page_skips_one",
    "page_ends_at_the_filter",
    "filter_by_prefix",
    // Subscriptions.
    "idle_tail_never_woken",
    "live_tail_only",
    "subscription_skips_under_concurrency",
    "delivered_twice",
    "handler_after_stop",
    "stop_does_not_wait",
    "exception_swallowed",
    "deliveries_not_counted",
    "closing_not_told",
});

/// What a bus that looks right may get wrong.
inline constexpr auto kBusBugs = std::to_array<std::string_view>({
    "none",
    // Who sees what.
    "star_sees_deeper",
    "angle_sees_itself",
    "namespaces_by_prefix",
    "namespaces_fold_case",
    "category_by_prefix",
    "event_types_ignored",
    "filter_needs_any",
    "actor_ids_fold_case",
    "late_subscriber_sees_old",
    "metadata_lost",
    "delivered_twice",
    // Queues.
    "newest_first",
    "capacity_ignored",
    "capacity_one_less",
    "newest_dropped",
    "drops_not_counted",
    "gap_not_told",
    "gap_told_late",
    "gap_counts_one",
    "gaps_not_counted",
    "fail_goes_on",
    "fail_drops_the_queue",
    "fail_without_error",
    "block_drops",
    "block_keeps_others_waiting",
    "stop_forgets_a_waiting_publisher",
    "own_queue_waited_for",
    "lost_when_two_publish",
    // Handlers.
    "handlers_wait_for_each_other",
    "two_threads_at_once",
    "exception_swallowed",
    "exception_ends_all",
    "exception_of_a_gap_swallowed",
    "position_not_told",
    // Ends.
    "handler_after_stop",
    "stop_does_not_wait",
    "what_waits_at_stop_not_counted",
    "close_drops_the_queue",
    "close_not_told",
    "close_forgets_the_idle",
    "publishes_when_closed",
    "subscribes_when_closed",
    "handler_kept",
});

/// One of `Names`.
template <const auto& Names>
class BugOf {
 public:
  // Implicit: bugs are written as their names
  consteval BugOf(const char* name) : BugOf(find(name)) {}

  /// Not at compile time: what a command line names. Throws when it names no bug.
  static BugOf of(std::string_view name) { return find(name); }

  [[nodiscard]] constexpr std::string_view name() const { return Names.at(index_); }

  friend constexpr bool operator==(const BugOf&, const BugOf&) = default;

 private:
  explicit constexpr BugOf(std::size_t index) : index_(index) {}

  static constexpr BugOf find(std::string_view name) {
    const auto* const found = std::ranges::find(Names, name);
    if (found == Names.end()) throw std::invalid_argument("there is no such bug");
    return BugOf(static_cast<std::size_t>(found - Names.begin()));
  }

  std::size_t index_;
};

using Bug = BugOf<kBugs>;
using BusBug = BugOf<kBusBugs>;

}  // namespace aether::planted
