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

/// One of `kBugs`.
class Bug {
 public:
  // Implicit: bugs are written as their names
  consteval Bug(const char* name) : Bug(find(name)) {}

  /// Not at compile time: what a command line names. Throws when it names no bug.
  static Bug of(std::string_view name) { return find(name); }

  [[nodiscard]] constexpr std::string_view name() const { return kBugs.at(index_); }

  friend constexpr bool operator==(const Bug&, const Bug&) = default;

 private:
  explicit constexpr Bug(std::size_t index) : index_(index) {}

  static constexpr Bug find(std::string_view name) {
    const auto* const found = std::ranges::find(kBugs, name);
    if (found == kBugs.end()) throw std::invalid_argument("there is no such bug");
    return Bug(static_cast<std::size_t>(found - kBugs.begin()));
  }

  std::size_t index_;
};

}  // namespace aether::planted
