// SPDX-License-Identifier: Apache-2.0
#include "copier.hpp"

#include "aether/core/chain.hpp"
#include "aether/core/time.hpp"
#include "aether/store/audit.hpp"
#include "aether/store/commit.hpp"
#include "aether/store/limits.hpp"
#include "text.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace aether::cli {
namespace {

constexpr std::size_t kPage = 1'000;                 // events; as `verify` reads
constexpr std::size_t kMaxCommitsInFlight = 1'000;   // commits of one actor
constexpr std::size_t kMaxMixedInFlight = 4;         // commits of a page each
constexpr std::size_t kMaxCommitBytes = 256 * 1024;  // more gains nothing

/// What an event takes in any store, at most: JSON text may hold what is escaped, and bytes
/// become base64.
std::size_t size_of(const Event& event) {
  constexpr std::size_t kNames = 1'024;
  std::size_t size = kNames + 2 * event.data.size();
  for (const auto& [key, value] : event.metadata) size += 2 * (key.size() + value.size()) + 8;
  return size;
}

std::string name_of(Version version, std::string_view actor_id) {
  return "version " + std::to_string(version) + " of \"" + escape(actor_id) + "\"";
}

std::unexpected<Error> fail_at(Errc code, const StoredEvent& event, std::string_view what) {
  return std::unexpected(
      Error{.code = code,
            .message = name_of(event.version, event.actor_id) + " " + std::string(what),
            .actor_id = event.actor_id,
            .actor_version = event.version,
            .position = event.position});
}

std::unexpected<Error> differs(std::string_view actor_id, Version version, std::string_view what) {
  return std::unexpected(
      Error{.code = Errc::version_conflict,
            .message = name_of(version, actor_id) + " " + std::string(what) +
                       ": the stores have different histories of it, and nothing of it was copied",
            .actor_id = std::string(actor_id),
            .actor_version = version});
}

}  // namespace

Result<CopyReport> Copier::run() {
  if (auto ok = look(); !ok) return std::unexpected(std::move(ok.error()));
  auto copied = copy();
  auto landed = land();
  // What TO refused comes before what FROM had to say later.
  if (!landed) return std::unexpected(std::move(landed.error()));
  if (!copied) return std::unexpected(std::move(copied.error()));
  if (auto ok = check_those_ahead(); !ok) return std::unexpected(std::move(ok.error()));
  if (auto ok = read_back(); !ok) return std::unexpected(std::move(ok.error()));
  return report();
}

CopyReport Copier::report() const {
  CopyReport report = report_;
  report.copied = flight_.landed().events;
  return report;
}

template <class Take>
Result<void> Copier::scan(Side side, Position& after, Position end, std::string_view stage,
                          Take take) {
  std::uint64_t events = 0;
  while (after < end) {
    const auto page = (side == Side::from ? from_ : to_).read_all({}, after, kPage);
    if (!page) return std::unexpected(page.error());
    if (page->events.empty()) return {};
    for (const EventPtr& event : page->events) {
      if (event->position > end) return {};
      if (auto ok = take(event); !ok) return ok;
      after = event->position;
    }
    events += page->events.size();
    if (options_.progress) options_.progress(stage, events, after, end);
    if (options_.stop.stop_requested()) return fail(Errc::closed, "interrupted");
  }
  return {};
}

/// What TO has already.
Result<void> Copier::look() {
  const auto end = last_position(to_);
  if (!end) return std::unexpected(end.error());
  auto looked = scan(Side::to, to_end_, *end, "reading TO",
                     [this](const EventPtr& event) { return see(*event, actor_of(*event)); });
  for (auto& [id, actor] : actors_) actor.to = actor.seen;
  return looked;
}

Copier::Actor& Copier::actor_of(const StoredEvent& event) { return actors_[event.actor_id]; }

Result<bool> Copier::may_be_shortened(Side side) {
  auto* const retaining = dynamic_cast<Retaining*>(side == Side::from ? &from_ : &to_);
  if (retaining == nullptr) return false;
  auto from = retaining->retained_from();
  if (!from) return std::unexpected(std::move(from.error()));
  return *from > 0;
}

/// An event that was read of TO.
Result<void> Copier::see(const StoredEvent& event, Actor& actor) {
  const Hash hash = chain_hash(actor.seen.hash, event);
  bool fits = hash == event.hash && event.version > actor.seen.version;
  if (!fits && actor.seen.version == 0 && event.version > 1) {
    const auto shortened = may_be_shortened(Side::to);
    if (!shortened) return std::unexpected(shortened.error());
    fits = actor.is_shortened_there = *shortened;
  }
  if (!fits) {
    return fail_at(Errc::corrupt, event,
                   "in TO does not match its hash in the audit chain: verify TO");
  }
  actor.seen = {.version = event.version, .hash = event.hash};
  if (event.version == actor.to.version) actor.is_proven = event.hash == actor.to.hash;
  return {};
}

Result<void> Copier::copy() {
  auto end = last_position(from_);
  if (!end) return std::unexpected(std::move(end.error()));
  report_.position = *end;
  Position after = 0;
  auto copied = scan(Side::from, after, *end, "copy", [this](const EventPtr& event) {
    auto taken = take(event);
    if (!taken || !flight_.landed().failed) return taken;
    return Result<void>(fail(Errc::closed, "TO takes no more"));  // why is said by `land`
  });
  if (copied) flush();
  return copied;
}

/// An event that was read of FROM.
Result<void> Copier::take(const EventPtr& event) {
  Actor& actor = actor_of(*event);
  const Head before = actor.from;
  const Hash linked = chain_hash(before.hash, *event);
  if (linked != event->hash || event->version <= before.version) {
    Result<bool> shortened = before.version == 0 && event->version > 1;
    if (*shortened) shortened = may_be_shortened(Side::from);
    if (!shortened) return std::unexpected(std::move(shortened.error()));
    if (!*shortened) {
      return fail_at(Errc::corrupt, *event,
                     "in FROM does not match its hash in the audit chain: verify FROM");
    }
    actor.is_shortened = true;
  }
  actor.from = {.version = event->version, .hash = event->hash};
  if (before.version == 0) ++report_.actors;
  ++report_.events;
  if (event->version <= actor.to.version) return check_present(*event, actor);

  const Version expected = actor.to.version;
  if (auto ok = link(*event, actor, before); !ok) return ok;
  return gather(event, actor, expected);
}

/// An event that TO should have already.
Result<void> Copier::check_present(const StoredEvent& event, Actor& actor) {
  Hash* anew = nullptr;
  if (actor.is_shortened && options_.new_chains) {
    anew = &new_chains_[event.actor_id];
    *anew = chain_hash(*anew, event);
  }
  if (event.version < actor.to.version) return {};
  actor.is_proven = event.hash == actor.to.hash;
  if (!actor.is_proven && anew != nullptr && *anew == actor.to.hash) {
    actor.is_proven = actor.has_new_chain = true;
  }
  if (actor.is_proven) return {};
  return differs(event.actor_id, event.version, "is another one in TO, or stands on another one");
}

/// Makes `event` the next one of what TO will have.
Result<void> Copier::link(const StoredEvent& event, Actor& actor, const Head& before) {
  const Hash hash = chain_hash(actor.to.hash, event);
  if (hash != event.hash && !actor.has_new_chain) {
    if (actor.to.version > before.version && !actor.is_shortened) {
      return differs(event.actor_id, actor.to.version, "is in TO only");
    }
    if (actor.to.version > before.version) {
      return differs(event.actor_id, actor.to.version,
                     "is the last in TO, FROM has it from version " +
                         std::to_string(event.version) +
                         " on, and what stood between is gone by FROM's retention");
    }
    if (!options_.new_chains) {
      return fail_at(Errc::unsupported, event,
                     "is the first that FROM has left of this actor: its retention has removed "
                     "what stood before, and without that no copy has the same chain");
    }
    actor.has_new_chain = true;
  }
  actor.to = {.version = event.version, .hash = hash};
  actor.is_proven = false;
  return {};
}

Result<void> Copier::gather(const EventPtr& event, Actor& actor, Version expected) {
  const std::size_t bytes = size_of(*event);
  const std::size_t most = std::min(kMaxCommitBytes, options_.max_commit_bytes / 4);
  const bool fits = bytes_ + bytes <= most && events_.size() < Limits{}.max_commit_events &&
                    (options_.mixed_commits || actor_ == &actor);
  if (!fits) flush();
  if (events_.empty()) {
    position_ = event->position;
    expected_ = expected;
    actor_ = &actor;
  }
  events_.push_back(*event);
  bytes_ += bytes;
  // Checked anew: FROM may have had other limits, and what TO cannot read again must not get there.
  if (Data& data = events_.back().data; data.is_json()) data = Data::json(data.text());
  // Alone, so that it can be named.
  const auto prepared = prepare_commit({&events_.back(), 1}, Limits{}, system_clock());
  if (prepared) return {};
  return fail_at(prepared.error().code, *event, "cannot be copied: " + prepared.error().message);
}

void Copier::flush() {
  if (events_.empty()) return;
  std::vector<Event> events = std::exchange(events_, {});
  bytes_ = 0;
  if (options_.mixed_commits) {
    flight_.wait_below(kMaxMixedInFlight);
    flight_.send(position_, std::move(events), {});
    return;
  }
  // TO has commits of one actor wait for each other, and lets others pass by. So that the store's
  // order is kept, nothing comes after a commit that would have to wait.
  flight_.wait_for(actor_->commit);
  flight_.wait_below(kMaxCommitsInFlight);
  const bool is_first = std::exchange(actor_->commit, 0) == 0;
  actor_->commit = flight_.send(position_, std::move(events), {.expected_version = expected_});
  // The first one of an actor that TO knows already is looked up before it is sent.
  if (is_first && expected_ > 0) flight_.wait_for(actor_->commit);
}

Result<void> Copier::land() {
  flight_.wait_below(1);
  const auto landed = flight_.landed();
  if (!landed.failed) return {};
  Error error = landed.failed->error;
  error.position = landed.failed->tag;
  if (error.actor_id.empty()) {
    // A commit of several events is never refused for what one of them is: that was checked.
    const auto page = from_.read_all({}, error.position - 1, 1);
    if (page && !page->events.empty()) {
      error.actor_id = page->events.front()->actor_id;
      error.actor_version = page->events.front()->version;
      error.message =
          name_of(error.actor_version, error.actor_id) + " was not stored: " + error.message;
    }
  }
  return std::unexpected(std::move(error));
}

/// TO has more of these actors than FROM: what FROM has must be there.
Result<void> Copier::check_those_ahead() {
  for (auto& [id, actor] : actors_) {
    if (actor.from.version == 0 || actor.from.version >= actor.to.version) continue;
    const auto found = to_.read(id, {.from_version = actor.from.version, .limit = 1});
    if (!found) return std::unexpected(found.error());
    const bool is_there = !found->empty() && found->front()->version == actor.from.version;
    if (!is_there) return differs(id, actor.from.version, "is in FROM only");
    const Hash& hash = found->front()->hash;
    const auto anew = new_chains_.find(id);
    actor.has_new_chain = hash != actor.from.hash;
    if (actor.has_new_chain && (anew == new_chains_.end() || anew->second != hash)) {
      return differs(id, actor.from.version, "is another one in TO, or stands on another one");
    }
    actor.is_proven = true;
    if (options_.stop.stop_requested()) return fail(Errc::closed, "interrupted");
  }
  return {};
}

/// All that TO was given is read back, and must lead to the same hashes.
Result<void> Copier::read_back() {
  const auto end = last_position(to_);
  if (!end) return std::unexpected(end.error());
  auto read = scan(Side::to, to_end_, *end, "reading back",
                   [this](const EventPtr& event) { return see(*event, actor_of(*event)); });
  if (!read) return read;
  for (const auto& [id, actor] : actors_) {
    if (actor.from.version == 0) continue;
    if (!actor.is_proven) {
      return std::unexpected(
          Error{.code = Errc::corrupt,
                .message = name_of(actor.from.version, id) +
                           " was stored in TO, and is not there as it was: verify TO",
                .actor_id = id,
                .actor_version = actor.from.version});
    }
    report_.new_chains += actor.has_new_chain ? 1 : 0;
    report_.shortened += actor.is_shortened_there ? 1 : 0;
  }
  return {};
}

Result<Position> last_position(EventStore& store) {
  // Nothing tells but a page that is empty: first double, then halve.
  const auto is_behind = [&store](Position position) -> Result<bool> {
    auto page = store.read_all({}, position, 1);
    if (!page) return std::unexpected(std::move(page.error()));
    return page->events.empty();
  };
  constexpr Position kMost = std::numeric_limits<std::int64_t>::max();
  Position low = 0;  // the last position is at least this
  Position high = 1;
  for (;; high = high > kMost / 2 ? kMost : high * 2) {
    const auto behind = is_behind(high);
    if (!behind) return std::unexpected(behind.error());
    if (*behind || high == kMost) break;
    low = high + 1;
  }
  while (low < high) {
    const Position middle = low + (high - low) / 2;
    const auto behind = is_behind(middle);
    if (!behind) return std::unexpected(behind.error());
    (*behind ? high : low) = *behind ? middle : middle + 1;
  }
  return low;
}

}  // namespace aether::cli
