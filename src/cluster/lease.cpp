// SPDX-License-Identifier: Apache-2.0
#include "cluster/lease.hpp"

#include "aether/core/uuid.hpp"
#include "cluster/lease_times.hpp"
#include "core/text.hpp"

#include <algorithm>
#include <utility>

namespace aether {

namespace {

using std::chrono::milliseconds;

// A put or get without an answer is given up after this part of a ttl, so that there is time for
// another: one lost message should not cost the lease.
constexpr int kTriesInTtl = 4;

// What failed at once is tried again after this part of a ttl.
constexpr int kRetriesInTtl = 32;

milliseconds milliseconds_in(BootTime time) {
  return std::max(milliseconds(1), std::chrono::duration_cast<milliseconds>(time));
}

}  // namespace

Lease::Lease(Setup setup, Events events)
    : setup_(std::move(setup)),
      events_(std::move(events)),
      instance_(make_uuid_v7() + "-"),
      sight_(setup_.options) {}

void Lease::see(const Registry::Entry& entry) {
  if (entry.key != setup_.key || !sight_.see(entry, setup_.scheduler->now())) return;
  observed();
  step();
}

void Lease::live(bool live) {
  if (live) {
    sight_.live(setup_.scheduler->now());
  } else {
    sight_.interrupt();
  }
  step();
}

void Lease::want() {
  if (wanted_ || tenure_) return;
  wanted_ = true;
  released_ = false;
  begin_tenure();
  step_soon();
  for (auto& done : std::exchange(released_done_, {})) done();
}

void Lease::set_data(std::string data, bool at_once) {
  data_ = std::move(data);
  if (!tenure_ || !at_once) return;
  renew_at_ = setup_.scheduler->now();
  step_soon();
}

void Lease::release(std::function<void()> done) {
  wanted_ = false;
  released_ = true;
  release_ends_ = setup_.scheduler->now() + setup_.options.ttl;
  retry_at_ = {};
  wake_at_ = BootTime::max();  // what is set already would not keep this alive
  if (done) released_done_.push_back(std::move(done));
  if (tenure_) std::exchange(tenure_, nullptr)->end();
  step_soon();
}

bool Lease::is_own() const {
  const auto& record = sight_.record();
  return record && !record->holder.empty() && record->tenure.starts_with(instance_);
}

/// Does what is to be done now, and sees to it that it is called again when there is more.
void Lease::step() {
  if (tenure_ && !tenure_->is_held()) {
    if (tenure_->lost().stop_requested()) {
      release();  // by whoever held it, who will say so here, too
    } else {
      lose("its time ran out before a renewal was answered");
    }
  }
  const BootTime now = setup_.scheduler->now();
  if (tenure_) {
    if (!busy_ && now >= renew_at_) put(true);
    wake_at(busy_ ? tenure_->until() : std::min(renew_at_, tenure_->until()));
  } else if (busy_) {
    // Its end calls again.
  } else if (released_) {
    step_released();
  } else if (wanted_ && sight_.is_live()) {
    // Its own record, of a tenure that is over, binds nobody else.
    const BootTime from =
        sight_.is_free() || is_own() ? retry_at_ : std::max(retry_at_, sight_.runs_out());
    if (now >= from) {
      put(true);
    } else {
      wake_at(from);
    }
  }
  note();
}

void Lease::step_released() {
  const BootTime now = setup_.scheduler->now();
  if (is_own() && now < release_ends_) {
    if (now >= retry_at_) return put(false);
    return wake_at(std::min(retry_at_, release_ends_));
  }
  // A put that was given up may still arrive. It is seen then, and taken back.
  if (now < release_ends_) release_ends_ = BootTime::max();
  for (auto& done : std::exchange(released_done_, {})) done();
}

void Lease::step_soon() {
  setup_.scheduler->post([self = shared_from_this()] { self->step(); });
}

void Lease::wake_at(BootTime time) {
  const BootTime now = setup_.scheduler->now();
  if (wake_at_ <= time && wake_at_ > now) return;  // what is set already looks again
  wake_at_ = time;
  // What is being given back stays alive until it is.
  auto kept = released_done_.empty() ? nullptr : shared_from_this();
  setup_.scheduler->post_after(time - now, [weak = weak_from_this(), kept, time] {
    const auto self = weak.lock();
    if (!self) return;
    if (self->wake_at_ == time) self->wake_at_ = BootTime::max();
    self->step();
  });
}

/// Puts its record, or, to release it, nobody's.
void Lease::put(bool holds) {
  const BootTime sent = setup_.scheduler->now();  // before the put, whatever happens in between
  const std::uint64_t expected = tenure_ ? revision_ : sight_.revision();
  BootTime patience = BootTime(setup_.options.ttl) / kTriesInTtl;
  if (tenure_) patience = std::min(patience, tenure_->until() - sent);
  const LeaseRecord record{.holder = holds ? setup_.holder : std::string(),
                           .tenure = name_,
                           .ttl = setup_.options.ttl,
                           .count = ++count_,
                           .data = holds ? data_ : std::string()};
  if (holds) {
    renew_at_ = sent + setup_.options.renew;
    tries_.push_back({.count = count_, .expected = expected, .sent = sent});
  }
  busy_ = true;
  Registry::Entry entry{.key = setup_.key, .value = format_lease(record)};
  setup_.registry->put(
      setup_.key, entry.value, expected, milliseconds_in(patience),
      [self = shared_from_this(), entry](Result<std::uint64_t> outcome) mutable {
        Scheduler& scheduler = *self->setup_.scheduler;
        scheduler.post([self = std::move(self), entry = std::move(entry),
                        outcome = std::move(outcome)] { self->put_ended(entry, outcome); });
      });
}

void Lease::put_ended(const Registry::Entry& put, const Result<std::uint64_t>& outcome) {
  busy_ = false;
  if (outcome) {
    trouble_.clear();
    const Registry::Entry entry{.key = put.key, .value = put.value, .revision = *outcome};
    if (sight_.see(entry, setup_.scheduler->now())) observed();
    return step();
  }
  const Error& error = outcome.error();
  // Another may have put, or this one, by an earlier try that arrived late.
  if (error.code == Errc::version_conflict || error.code == Errc::outcome_unknown) {
    try_later(error.message);
    return look();
  }
  std::erase_if(tries_, [this](const Try& one) { return one.count == count_; });
  try_later(error.message);
  if (error.code != Errc::unavailable && events_.refused) {
    const auto refused = events_.refused;
    refused(error);
  }
  step();
}

void Lease::look() {
  busy_ = true;
  BootTime patience = BootTime(setup_.options.ttl) / kTriesInTtl;
  if (tenure_) patience = std::min(patience, tenure_->until() - setup_.scheduler->now());
  setup_.registry->get(
      setup_.key, milliseconds_in(patience),
      [self = shared_from_this(),
       changes = sight_.changes()](Result<std::optional<Registry::Entry>> outcome) mutable {
        Scheduler& scheduler = *self->setup_.scheduler;
        scheduler.post([self = std::move(self), changes, outcome = std::move(outcome)] {
          self->looked(changes, outcome);
        });
      });
}

void Lease::looked(std::uint64_t changes, const Result<std::optional<Registry::Entry>>& outcome) {
  busy_ = false;
  if (!outcome) {
    try_later(outcome.error().message);
    return step();
  }
  const std::uint64_t revision = *outcome ? (*outcome)->revision : 0;
  // What the watch has shown meanwhile is newer than an answer of a lower revision.
  if (sight_.changes() == changes || revision > sight_.revision()) {
    sight_.adopt(*outcome, setup_.scheduler->now());
    if (tenure_ && revision < revision_) {
      lose("the registry was set back to before it was acquired");
    } else if (sight_.changes() != changes) {
      observed();
    }
  }
  step();
}

/// Draws the conclusions from what has been seen.
void Lease::observed() {
  const std::uint64_t revision = sight_.revision();
  const auto& record = sight_.record();
  retry_at_ = {};  // why the last try failed is no reason any more
  if (!sight_.fault().empty()) {
    log(LogLevel::warning, concat("the lease ", quoted(setup_.key), " has a record, of revision ",
                                  revision, ", that is ignored: ", sight_.fault()));
  }
  const bool is_mine = record && !record->holder.empty() && record->tenure == name_;
  const auto found = std::ranges::find(tries_, is_mine ? record->count : 0, &Try::count);
  if (found != tries_.end()) {
    confirm(Try(*found));
  } else if (tenure_ && revision > revision_) {
    lose(record && !record->holder.empty()
             ? concat(quoted(record->holder), " has taken it, at revision ", revision)
             : concat("its record was replaced, at revision ", revision));
  }
  // A put at a revision that is not the last any more will never be done.
  std::erase_if(tries_, [&](const Try& one) { return one.expected < revision; });
}

/// A put of this tenure was done, and is what is seen now.
void Lease::confirm(const Try& found) {
  const BootTime until = found.sent + holders_time(setup_.options);
  if (tenure_) {
    revision_ = sight_.revision();
    if (!tenure_->extend(until)) lose("its time ran out before a renewal was answered");
  } else if (wanted_ && setup_.scheduler->now() < until) {
    revision_ = sight_.revision();
    trouble_.clear();
    tenure_ = std::make_shared<Tenure>(setup_.scheduler, revision_, name_, until);
    if (const auto acquired = events_.acquired) acquired(tenure_);
  } else if (wanted_) {
    begin_tenure();  // it is too late to act on that one
  }
}

void Lease::lose(const std::string& why) {
  const auto tenure = std::exchange(tenure_, nullptr);
  wanted_ = false;
  log(LogLevel::warning,
      concat(quoted(setup_.holder), " has lost the lease ", quoted(setup_.key), ": ", why));
  tenure->end();
  if (const auto lost = events_.lost) lost(why);
}

void Lease::begin_tenure() {
  name_ = concat(instance_, ++tenures_);
  tries_.clear();
}

void Lease::try_later(const std::string& why) {
  trouble_ = why;
  const BootTime now = setup_.scheduler->now();
  renew_at_ = retry_at_ = now + BootTime(setup_.options.ttl) / kRetriesInTtl;
}

void Lease::log(LogLevel level, const std::string& text) const {
  if (setup_.log) setup_.log(level, text);
}

}  // namespace aether
