// SPDX-License-Identifier: Apache-2.0
#include "check.hpp"

#include "aether/store/audit.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <utility>

namespace aether::crash {
namespace {

using Kind = Complaints::Kind;

constexpr std::size_t kPage = 100;
constexpr std::size_t kKeptMessages = 5;

std::string name_of(std::size_t commit) { return "commit " + std::to_string(commit); }

std::string name_of(const Event& event) {
  return event.actor_id + " version " + std::to_string(event.version);
}

bool same(const EventPtr& stored, const Event& written) {
  const Event& event = *stored;
  return event == written;
}

// How many events of the commit are there, one after the other from `at` on, as written.
std::size_t count_matching(std::span<const EventPtr> events, std::size_t at, const Commit& commit) {
  std::size_t count = 0;
  while (count < commit.size() && at + count < events.size() &&
         same(events[at + count], commit[count])) {
    ++count;
  }
  return count;
}

void check_presence(const Expectation& expectation, const std::vector<bool>& there,
                    Complaints& complaints) {
  std::optional<std::size_t> missing;
  for (std::size_t i = 0; i < there.size(); ++i) {
    if (expectation.presence[i] == Presence::present && !there[i]) {
      complaints.add(Kind::lost, name_of(i) + " was acknowledged and is not there");
    }
    if (expectation.presence[i] == Presence::absent && there[i]) {
      complaints.add(Kind::phantom, name_of(i) + " was refused and is there");
    }
    if (!there[i]) missing = missing.value_or(i);
    if (there[i] && missing && expectation.gapless) {
      complaints.add(Kind::lost, name_of(i) + " is there without " + name_of(*missing));
    }
  }
}

void check_actor(EventStore& store, const std::string& actor, std::span<const EventPtr> events,
                 Complaints& complaints) {
  const auto read = store.read(actor);
  const auto latest = store.latest_version(actor);
  if (!read || !latest) {
    complaints.add(Kind::corrupt,
                   actor + ": " + (read ? latest.error().message : read.error().message));
    return;
  }
  std::vector<EventPtr> expected;
  for (const EventPtr& event : events) {
    if (event->actor_id == actor) expected.push_back(event);
  }
  const bool equal = std::ranges::equal(
      *read, expected, [](const EventPtr& a, const EventPtr& b) { return *a == *b; });
  if (!equal) complaints.add(Kind::changed, actor + ": read() and read_all() differ");
  if (*latest != (expected.empty() ? 0 : expected.back()->version)) {
    complaints.add(Kind::changed, actor + ": latest_version is " + std::to_string(*latest));
  }
}

void check_snapshot(SnapshotStore& store, const std::string& actor, const Expectation& expectation,
                    Complaints& complaints) {
  std::vector<const Snapshot*> possible;
  bool must_exist = false;
  for (std::size_t i = 0; i < expectation.snapshots.size(); ++i) {
    const Snapshot& snapshot = expectation.snapshots[i];
    if (snapshot.actor_id != actor || expectation.snapshot_presence[i] == Presence::absent) {
      continue;
    }
    if (expectation.snapshot_presence[i] == Presence::present) {
      possible.clear();
      must_exist = true;
    }
    possible.push_back(&snapshot);
  }
  const auto loaded = store.load(actor);
  if (!loaded && loaded.error().code == Errc::not_found) {
    if (must_exist) complaints.add(Kind::lost, "the snapshot of " + actor + " is not there");
    return;
  }
  if (!loaded) {
    complaints.add(Kind::corrupt, "snapshot of " + actor + ": " + loaded.error().message);
    return;
  }
  if (!std::ranges::any_of(possible, [&](const Snapshot* one) { return *one == *loaded; })) {
    complaints.add(Kind::changed, "the snapshot of " + actor + " is none of those expected");
  }
}

// Appends a commit that may be there already. Returns its position, 0 if that failed.
Position append_again(EventStore& store, const Commit& commit, Position expected,
                      Complaints& complaints) {
  const auto appended = store.append(std::span(commit));
  if (!appended) {
    complaints.add(Kind::stuck,
                   "append of " + name_of(commit.front()) + " again: " + appended.error().message);
    return 0;
  }
  if (appended->version != commit.back().version ||
      (expected != 0 && appended->position != expected)) {
    complaints.add(Kind::changed, "append of " + name_of(commit.front()) +
                                      " again gave another version or position");
  }
  return appended->position;
}

constexpr std::size_t kNewEvents = 2;

// One event for an actor that is there, if there is one, and one for an actor that is not.
void append_new(EventStore& store, std::span<const EventPtr> events, Complaints& complaints) {
  const std::string actor = events.empty() ? "crash-x" : events.front()->actor_id;
  for (const std::string& id : {actor, std::string("crash-new")}) {
    const Version version = store.latest_version(id).value_or(0);
    const auto appended = store.append(Event{.event_type = "AfterCrash", .actor_id = id},
                                       {.expected_version = version});
    if (!appended) {
      complaints.add(Kind::stuck, "append to " + id + ": " + appended.error().message);
    } else if (appended->version != version + 1) {
      complaints.add(Kind::changed, "a new event of " + id + " got another version");
    }
  }
}

}  // namespace

void Complaints::add(Kind kind, std::string what) {
  ++counts_[kind];
  if (messages_.size() < kKeptMessages) messages_.push_back(std::move(what));
}

std::size_t Complaints::count(Kind kind) const {
  const auto found = counts_.find(kind);
  return found == counts_.end() ? 0 : found->second;
}

std::string Complaints::text() const {
  std::string all;
  for (const std::string& message : messages_) all += "  " + message + "\n";
  return all;
}

std::vector<EventPtr> read_everything(EventStore& store, Complaints& complaints) {
  std::vector<EventPtr> events;
  Position after = 0;
  for (;;) {
    auto page = store.read_all({}, after, kPage);
    if (!page) {
      complaints.add(Kind::corrupt, "read_all: " + page.error().message);
      return events;
    }
    if (page->events.empty()) return events;
    for (EventPtr& event : page->events) {
      if (!events.empty() && event->position <= events.back()->position) {
        complaints.add(Kind::changed, "positions do not grow at " + name_of(*event));
      }
      events.push_back(std::move(event));
    }
    if (page->next <= after) {
      complaints.add(Kind::changed, "a page ends where it began");
      return events;
    }
    after = page->next;
  }
}

std::vector<bool> check_events(std::span<const EventPtr> events, const Expectation& expectation,
                               Complaints& complaints) {
  std::unordered_map<std::string_view, std::size_t> commit_of;  // by the id of its first event
  for (std::size_t i = 0; i < expectation.commits.size(); ++i) {
    commit_of[expectation.commits[i].front().id] = i;
  }
  std::vector<bool> there(expectation.commits.size());
  std::optional<std::size_t> last;
  for (std::size_t at = 0; at < events.size();) {
    const auto found = commit_of.find(events[at]->id);
    if (found == commit_of.end()) {
      complaints.add(Kind::phantom, name_of(*events[at]) + " begins no commit");
      ++at;
      continue;
    }
    const std::size_t index = found->second;
    const Commit& commit = expectation.commits[index];
    const std::size_t matching = count_matching(events, at, commit);
    if (matching == 0) {
      complaints.add(Kind::changed, name_of(*events[at]) + " is not as it was written");
    } else if (matching < commit.size()) {
      complaints.add(Kind::half, name_of(index) + " is there in part");
    } else {
      const Position position = events[at + matching - 1]->position;
      if (expectation.positions[index] != 0 && expectation.positions[index] != position) {
        complaints.add(Kind::changed, name_of(index) + " is at another position");
      }
      if (expectation.ordered && last && *last >= index) {
        complaints.add(Kind::changed, name_of(index) + " is too late");
      }
      last = index;
      there[index] = true;
    }
    at += std::max<std::size_t>(matching, 1);
  }
  check_presence(expectation, there, complaints);
  return there;
}

void check_store(sqlite::Store& store, std::span<const EventPtr> events,
                 const Expectation& expectation, Complaints& complaints) {
  for (const std::string& actor : actors_of(expectation.commits)) {
    check_actor(store, actor, events, complaints);
    check_snapshot(store.snapshots(), actor, expectation, complaints);
  }
  check_verify(store, events.size(), complaints);
}

void check_verify(EventStore& store, std::size_t events, Complaints& complaints) {
  const auto report = verify(store);
  if (!report) {
    complaints.add(Kind::corrupt, "verify: " + report.error().message);
    return;
  }
  for (const Finding& finding : report->findings) {
    complaints.add(Kind::corrupt, "verify: " + finding.actor_id + ": " + finding.what);
  }
  if (report->events != events || (events > 0 && !report->chained)) {
    complaints.add(Kind::corrupt, "verify saw " + std::to_string(report->events) + " events, not " +
                                      std::to_string(events));
  }
}

void check_goes_on(sqlite::Store& store, const Expectation& expectation,
                   const std::vector<bool>& there, Complaints& complaints) {
  Expectation whole = expectation;
  std::optional<std::size_t> last_there;
  for (std::size_t i = 0; i < there.size(); ++i) {
    if (there[i]) last_there = i;
    if (!there[i]) whole.positions[i] = append_again(store, whole.commits[i], 0, complaints);
    whole.presence[i] = Presence::present;
  }
  for (std::size_t i = 0; i < there.size(); ++i) {
    const bool certain = expectation.presence[i] == Presence::present;
    if (certain && i != last_there) continue;
    append_again(store, whole.commits[i], whole.positions[i], complaints);
  }
  whole.ordered = whole.gapless;  // else those appended now stand behind later ones
  std::vector<EventPtr> events = read_everything(store, complaints);
  const std::size_t stored = events.size();
  append_new(store, events, complaints);
  events = read_everything(store, complaints);
  if (events.size() != stored + kNewEvents) {
    complaints.add(Kind::lost, "a new event is not there");
    return;
  }
  check_events(std::span(events).first(stored), whole, complaints);
}

void check_integrity(const std::string& path, Complaints& complaints) {
  sqlite3* database = nullptr;
  const auto take_line = [](void* out, int, char** columns, char**) {
    auto& said = *static_cast<std::string*>(out);
    if (columns[0] != nullptr) said += columns[0];
    return 0;
  };
  std::string said;
  int code = sqlite3_open_v2(path.c_str(), &database, SQLITE_OPEN_READWRITE, nullptr);
  if (code == SQLITE_OK) {
    code = sqlite3_exec(database, "PRAGMA integrity_check", take_line, &said, nullptr);
  }
  if (code != SQLITE_OK) said = sqlite3_errmsg(database);
  if (said != "ok") complaints.add(Kind::corrupt, "integrity_check: " + said);
  sqlite3_close(database);
}

}  // namespace aether::crash
