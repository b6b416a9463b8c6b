// SPDX-License-Identifier: Apache-2.0
#include "fault_run.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <utility>

namespace aether::crash {
namespace {

using Kind = Complaints::Kind;

constexpr std::chrono::seconds kTooLong{5};  // nothing here waits for anything

std::string copy_folder(const std::string& path) { return path + ".copy"; }

}  // namespace

FaultRun::FaultRun(Options options)
    : options_(std::move(options)),
      history_({.seed = options_.seed, .actors = 24, .max_events = 8}) {}

Complaints FaultRun::run() {
  live();
  store_.reset();
  options_.heal();
  check_copy();
  check_afterwards();
  return complaints_;
}

void FaultRun::live() {
  if (!open() && !open()) return;
  while (history_.commits().size() < options_.commits) {
    append();
    const std::size_t done = history_.commits().size();
    if (done % 7 == 3) save_snapshot();
    if (done % 9 == 5) read();
    if (done == options_.commits / 2 && !open() && !open()) return;
  }
}

bool FaultRun::open() {
  store_.reset();
  distrusted_ = false;
  auto opened = open_store(options_.path, {.vfs = options_.vfs});
  if (!opened) {
    expect_error("open", opened.error());
    return false;
  }
  store_ = std::move(*opened);
  return true;
}

void FaultRun::append() {
  const Commit& commit = history_.next();
  presence_.push_back(Presence::absent);
  positions_.push_back(0);
  const bool alone = std::ranges::any_of(
      commit, [&](const Event& event) { return left_alone_.contains(event.actor_id); });
  if (alone) return leave_alone(commit);

  const std::uint64_t unsynced = options_.failed_commit_syncs();
  const auto start = std::chrono::steady_clock::now();
  const auto outcome = store_->append(std::span(commit));
  if (std::chrono::steady_clock::now() - start > kTooLong) {
    complaints_.add(Kind::stuck, "an append took more than five seconds");
  }
  if (options_.failed_commit_syncs() != unsynced &&
      (outcome || outcome.error().code != Errc::outcome_unknown)) {
    complaints_.add(Kind::wrong_code, "an append whose fsync failed was not outcome_unknown");
  }
  note(outcome);
}

// What comes later for these actors would build on a commit that is not there.
void FaultRun::leave_alone(const Commit& commit) {
  for (const Event& event : commit) left_alone_.insert(event.actor_id);
}

void FaultRun::note(const Result<Appended>& outcome) {
  if (outcome) {
    presence_.back() = Presence::present;
    positions_.back() = outcome->position;
    if (distrusted_) {
      complaints_.add(Kind::wrong_code, "an append succeeded after a failed fsync");
    }
    return;
  }
  leave_alone(history_.commits().back());
  if (outcome.error().code == Errc::outcome_unknown) {
    presence_.back() = Presence::either;
    if (options_.failed_commit_syncs() != 0) distrusted_ = true;
  } else {
    expect_error("append", outcome.error());
  }
  if (++failed_appends_ == 1) keep_copy();
}

// The database before its log: a checkpoint in between then does no harm.
void FaultRun::keep_copy() {
  namespace fs = std::filesystem;
  fs::create_directory(copy_folder(options_.path));
  for (const std::string suffix : {"", "-wal"}) {
    if (!fs::exists(options_.path + suffix)) continue;
    fs::copy_file(options_.path + suffix, copy_folder(options_.path) + "/events.db" + suffix);
  }
  of_copy_ = expectation();
}

void FaultRun::save_snapshot() {
  snapshots_.push_back(history_.snapshot());
  const auto saved = store_->snapshots().save(snapshots_.back());
  snapshot_presence_.push_back(saved ? Presence::present : Presence::absent);
  if (saved) return;
  if (saved.error().code == Errc::outcome_unknown) {
    snapshot_presence_.back() = Presence::either;
    if (options_.failed_commit_syncs() != 0) distrusted_ = true;
  } else {
    expect_error("save", saved.error());
  }
}

// What can be read while things fail is the truth, too.
void FaultRun::read() {
  const auto page = store_->read_all({}, 0, 100'000);
  if (!page) return expect_error("read_all", page.error());
  check_events(page->events, expectation(), complaints_);
}

void FaultRun::check_copy() {
  if (!of_copy_) return;
  const auto store = open_store(copy_folder(options_.path) + "/events.db");
  if (!store) {
    complaints_.add(Kind::corrupt, "open of the copy: " + store.error().message);
    return;
  }
  of_copy_->commits = std::span(history_.commits()).first(of_copy_->presence.size());
  of_copy_->snapshots = std::span(snapshots_).first(of_copy_->snapshot_presence.size());
  const auto events = read_everything(**store, complaints_);
  check_events(events, *of_copy_, complaints_);
  check_store(**store, events, *of_copy_, complaints_);
}

void FaultRun::check_afterwards() {
  const auto store = open_store(options_.path);
  if (!store) {
    complaints_.add(Kind::corrupt, "open afterwards: " + store.error().message);
    return;
  }
  const auto events = read_everything(**store, complaints_);
  const auto there = check_events(events, expectation(), complaints_);
  check_store(**store, events, expectation(), complaints_);
  if (complaints_.empty()) check_goes_on(**store, expectation(), there, complaints_);
}

Expectation FaultRun::expectation() const {
  return {.commits = history_.commits(),
          .presence = presence_,
          .positions = positions_,
          .snapshots = snapshots_,
          .snapshot_presence = snapshot_presence_};
}

void FaultRun::expect_error(const std::string& doing, const Error& error) {
  if (error.code == Errc::unavailable) return;
  complaints_.add(Kind::wrong_code, doing + " failed with " + std::string(to_string(error.code)) +
                                        ": " + error.message);
}

}  // namespace aether::crash
