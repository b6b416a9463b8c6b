// SPDX-License-Identifier: Apache-2.0
#include "cluster/member_table.hpp"

#include "cluster/member_record.hpp"
#include "core/text.hpp"

#include <algorithm>
#include <utility>

namespace aether {

MemberTable::MemberTable(std::string own_id, LeaseOptions options, Membership::OnEvent tell,
                         LogSink log)
    : own_id_(std::move(own_id)), options_(options), tell_(std::move(tell)), log_(std::move(log)) {}

void MemberTable::see(const Registry::Entry& entry, BootTime now) {
  if (!entry.key.starts_with(kNodeKeys)) return;
  const std::string id = entry.key.substr(kNodeKeys.size());
  const auto [at, is_new] = known_.try_emplace(id, Known{LeaseSight(options_), std::nullopt});
  Known& known = at->second;
  if (is_new && live_) known.sight.live(now);
  if (known.sight.see(entry, now)) settle(id, known);
}

void MemberTable::live(bool live, BootTime now) {
  live_ = live;
  for (auto& [id, known] : known_) {
    if (live) {
      known.sight.live(now);
    } else {
      known.sight.interrupt();
    }
  }
}

void MemberTable::own(const std::string& tenure) {
  own_tenure_ = tenure;
  if (const auto at = known_.find(own_id_); at != known_.end()) settle(own_id_, at->second);
}

void MemberTable::disown(MemberEvent::Kind kind) {
  own_tenure_.clear();
  if (const auto at = known_.find(own_id_); at != known_.end()) end(at->second, kind);
}

BootTime MemberTable::look(BootTime now) {
  BootTime next = BootTime::max();
  if (!live_) return next;
  for (auto& [id, known] : known_) {
    if (!known.member || id == own_id_) continue;
    if (now >= known.sight.runs_out()) {
      end(known, MemberEvent::Kind::expired);
    } else {
      next = std::min(next, known.sight.runs_out());
    }
  }
  return next;
}

std::vector<Member> MemberTable::members() const {
  std::vector<Member> all;
  for (const auto& [id, known] : known_) {
    if (known.member) all.push_back(*known.member);
  }
  return all;
}

const Member* MemberTable::find(const std::string& id) const {
  const auto at = known_.find(id);
  return at != known_.end() && at->second.member ? &*at->second.member : nullptr;
}

/// Draws the conclusions from a record that was not seen before.
void MemberTable::settle(const std::string& id, Known& known) {
  // What cannot be read says nothing: whoever was there is, until its time has run out.
  if (!known.sight.fault().empty()) return ignore(id, known, known.sight.fault());
  if (known.sight.is_free()) {
    if (id != own_id_) end(known, MemberEvent::Kind::left);
    return;
  }
  const auto& record = known.sight.record();
  if (!record) return;
  if (record->holder != id) return ignore(id, known, "it names another holder");
  if (id == own_id_ && record->tenure != own_tenure_) return;
  auto member = parse_member(record->data);
  if (!member) return ignore(id, known, member.error().message);
  member->node.id = id;
  member->tenure = record->tenure;
  member->revision = known.sight.revision();
  // A new tenure begins when the one before has ended.
  if (known.member && known.member->tenure != member->tenure) {
    end(known, MemberEvent::Kind::expired);
  }
  auto before = std::exchange(known.member, *member);
  if (!before) return tell(MemberEvent::Kind::joined, *member);
  before->revision = member->revision;
  if (*before != *member) tell(MemberEvent::Kind::updated, *member);
}

void MemberTable::end(Known& known, MemberEvent::Kind kind) {
  if (const auto member = std::exchange(known.member, std::nullopt)) tell(kind, *member);
}

void MemberTable::tell(MemberEvent::Kind kind, const Member& member) const {
  tell_({.kind = kind, .member = member});
}

void MemberTable::ignore(const std::string& id, const Known& known, const std::string& why) const {
  if (!log_) return;
  log_(LogLevel::warning, concat("the record of node ", quoted(id), ", of revision ",
                                 known.sight.revision(), ", is ignored: ", why));
}

}  // namespace aether
