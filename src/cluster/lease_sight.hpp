// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/cluster/lease_options.hpp"
#include "aether/cluster/registry.hpp"
#include "cluster/lease_record.hpp"

#include <cstdint>
#include <optional>

namespace aether {

/// What a node knows of a lease by looking: who holds it, and from when on nobody can, by this
/// node's own clock. All times are of that clock, taken when something was seen; what was seen was
/// put before, so whoever counts from then counts too late rather than too early.
class LeaseSight {
 public:
  explicit LeaseSight(const LeaseOptions& own) : own_(own) {}

  /// Shown by the watch, or put by this node. False: it is not news.
  bool see(const Registry::Entry& entry, BootTime now);
  /// Shown by a `get` that was begun when `changes` was what it is now: newer than all else, even
  /// where its revision is not. None: the key is not there.
  void adopt(const std::optional<Registry::Entry>& entry, BootTime now);
  /// What the watch showed may be behind from now on; it will begin anew.
  void interrupt();
  /// It has shown what is there.
  void live(BootTime now);

  [[nodiscard]] bool is_live() const { return live_; }
  [[nodiscard]] std::uint64_t changes() const { return changes_; }
  [[nodiscard]] std::uint64_t revision() const { return revision_; }
  /// None: nothing is there, or nothing that can be read.
  [[nodiscard]] const std::optional<LeaseRecord>& record() const { return record_; }
  /// Why the present record cannot be read; empty: it can.
  [[nodiscard]] const std::string& fault() const { return fault_; }

  /// Nobody holds it, and anybody may.
  [[nodiscard]] bool is_free() const;
  /// When whoever holds it cannot hold it any more, unless a renewal is seen before.
  [[nodiscard]] BootTime runs_out() const;

 private:
  void set(const Registry::Entry& entry, BootTime now);
  void vanish(BootTime now);

  const LeaseOptions own_;
  bool live_ = false;
  bool shown_ = false;         // since the watch began anew
  bool has_vanished_ = false;  // it was there, and the registry knows nothing of it
  std::uint64_t changes_ = 0;
  std::uint64_t revision_ = 0;
  std::optional<LeaseRecord> record_;
  std::string fault_;
  BootTime seen_{};
};

}  // namespace aether
