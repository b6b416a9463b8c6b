// SPDX-License-Identifier: Apache-2.0
#include "cluster/lease_sight.hpp"

#include "cluster/lease_times.hpp"

namespace aether {

bool LeaseSight::see(const Registry::Entry& entry, BootTime now) {
  // While the watch begins anew it may show less than was known: a registry that was set back, or
  // a replica that is behind. The first must not be ignored for ever; the second does no harm,
  // since a put at an old revision fails.
  if (live_ && entry.revision <= revision_) return false;
  shown_ = true;
  if (entry.revision == revision_) return false;
  set(entry, now);
  return true;
}

void LeaseSight::adopt(const std::optional<Registry::Entry>& entry, BootTime now) {
  if (!entry) {
    vanish(now);
  } else if (entry->revision != revision_) {
    set(*entry, now);
  }
}

void LeaseSight::interrupt() {
  live_ = false;
  shown_ = false;
}

void LeaseSight::live(BootTime now) {
  live_ = true;
  if (!shown_) vanish(now);
  // Renewals may have been missed, or may not have got through: whoever held it gets its time
  // anew. Else, after an outage of the registry, everybody would take over everything.
  seen_ = now;
}

bool LeaseSight::is_free() const {
  if (has_vanished_ || !fault_.empty()) return false;
  // A key that somebody removed is not: its holder may not have seen that yet.
  return revision_ == 0 || (record_ && record_->holder.empty());
}

BootTime LeaseSight::runs_out() const {
  return seen_ + at_least(record_ ? record_->ttl : own_.ttl, own_.clock_drift);
}

void LeaseSight::set(const Registry::Entry& entry, BootTime now) {
  ++changes_;
  revision_ = entry.revision;
  seen_ = now;
  has_vanished_ = false;
  record_.reset();
  fault_.clear();
  if (entry.value.empty()) return;
  auto record = parse_lease(entry.value);
  if (record) {
    record_ = std::move(*record);
  } else {
    fault_ = record.error().message;
  }
}

void LeaseSight::vanish(BootTime now) {
  if (revision_ == 0) return;
  // A registry that has forgotten a lease was set back. Its holder does not know yet.
  ++changes_;
  revision_ = 0;
  seen_ = now;
  has_vanished_ = true;
  record_.reset();
  fault_.clear();
}

}  // namespace aether
