// SPDX-License-Identifier: Apache-2.0
#include "cluster/coordinator.hpp"

#include "core/text.hpp"

#include <algorithm>
#include <utility>

namespace aether::cluster {
namespace {

// A put or get without an answer is given up after this part of a ttl; what failed is tried again
// after this part.
constexpr int kTriesInTtl = 4;
constexpr int kRetriesInTtl = 16;

}  // namespace

Coordinator::Coordinator(Setup setup, const std::shared_ptr<Roster>& roster,
                         const std::shared_ptr<TableSight>& table)
    : setup_(std::move(setup)), roster_(roster), table_(table) {}

void Coordinator::lead(std::shared_ptr<Tenure> tenure) {
  tenure_ = std::move(tenure);
  step();
}

void Coordinator::live(bool live) {
  live_ = live;
  step();
}

void Coordinator::step() {
  if (!live_ || !tenure_ || !tenure_->is_held() || busy_.contains(std::string(kTableKey))) return;
  ShardTable table = present_table();
  const std::vector<PresentNode> nodes = look_at_nodes(table);
  const std::uint64_t epoch = std::max(tenure_->epoch(), table.leader_epoch);
  auto next = plan(table, nodes, epoch, setup_.limits);
  if (next) {
    write(*next);
  } else if (table_->is_spoilt()) {
    log(LogLevel::warning, "somebody has spoilt the shard table: it is written again");
    ++table.epoch;
    table.leader_epoch = epoch;
    write(table);
  }
}

std::string Coordinator::waiting_for() const {
  if (!trouble_.empty()) return trouble_;
  if (!tenure_ || table_->table() == nullptr) return {};
  std::size_t moving = 0;
  std::string first;
  for (const ShardTable::Slot& slot : table_->table()->shards) {
    if (slot.next == kNobody) continue;
    if (moving++ == 0) first = table_->table()->nodes[slot.owner].id;
  }
  if (moving == 0) return {};
  return concat(moving, " shards are on their way; ", quoted(first), " is to release the first");
}

ShardTable Coordinator::present_table() const {
  if (table_->table()) return *table_->table();
  ShardTable table;
  table.shards.resize(setup_.shards);
  return table;
}

/// Those that may still act. Sees to it that those of which the lease ran out no longer may.
std::vector<PresentNode> Coordinator::look_at_nodes(const ShardTable& table) {
  const BootTime now = setup_.scheduler->now();
  for (const ShardTable::Node& node : table.nodes) roster_->expect(node.id, now);
  BootTime wake = BootTime::max();
  std::vector<PresentNode> present;
  for (const auto& [id, node] : roster_->nodes()) {
    const bool is_up = Roster::is_up(node, now);
    const auto listed = std::ranges::find(table.nodes, id, &ShardTable::Node::id);
    if (is_up) {
      present.push_back(
          {.node = {.id = id, .tenure = node.name},
           .takes_shards = node.data.state == MemberState::up && !roster_->is_drained(id),
           .released = node.data.released});
    } else if (listed != table.nodes.end() && !Roster::is_gone(node)) {
      present.push_back({.node = *listed, .takes_shards = false, .released = {}});
      if (now >= node.lease.runs_out()) fence(id, node);
    }
    if (now < node.lease.runs_out()) wake = std::min(wake, node.lease.runs_out());
  }
  if (wake != BootTime::max()) step_at(wake);
  return present;
}

void Coordinator::fence(const std::string& id, const Roster::Node& node) {
  const auto& record = node.lease.record();
  const LeaseRecord nobodys{.holder = {},
                            .tenure = node.name,
                            .ttl = setup_.lease.ttl,
                            .count = record ? record->count + 1 : 0,
                            .data = {}};
  const std::string key = concat(kNodeKeys, id);
  if (busy_.contains(key)) return;
  log(LogLevel::info, concat("the lease of node ", quoted(id),
                             " has run out: its shards go to "
                             "others as soon as its record says so"));
  put(key, format_lease(nobodys), node.lease.revision());
}

void Coordinator::write(const ShardTable& table) {
  auto text = format_shard_table(table);
  if (!text) {
    const bool is_known = std::exchange(trouble_, text.error().message) == trouble_;
    return is_known ? void() : log(LogLevel::error, trouble_);
  }
  put(std::string(kTableKey), std::move(*text), table_->revision());
}

void Coordinator::put(std::string key, std::string value, std::uint64_t expected) {
  busy_.insert(key);
  Registry::Entry entry{.key = std::move(key), .value = std::move(value)};
  setup_.registry->put(
      entry.key, entry.value, expected, setup_.lease.ttl / kTriesInTtl,
      [weak = weak_from_this(), scheduler = setup_.scheduler,
       entry](Result<std::uint64_t> outcome) mutable {
        scheduler->post([weak, entry = std::move(entry), outcome = std::move(outcome)] {
          if (const auto self = weak.lock()) self->ended(entry, outcome);
        });
      });
}

void Coordinator::ended(const Registry::Entry& put, const Result<std::uint64_t>& outcome) {
  busy_.erase(put.key);
  if (outcome) {
    trouble_.clear();
    setup_.put({.key = put.key, .value = put.value, .revision = *outcome});
    return step();
  }
  const Error& error = outcome.error();
  trouble_ = error.message;
  // A conflict is somebody else's put, which the watch shows, or has shown; but it may also be a
  // late arrival of this one's own.
  if (error.code == Errc::version_conflict || error.code == Errc::outcome_unknown) {
    return look(put.key);
  }
  if (error.code != Errc::unavailable) log(LogLevel::error, trouble_);
  step_at(setup_.scheduler->now() + BootTime(setup_.lease.ttl) / kRetriesInTtl);
}

void Coordinator::look(const std::string& key) {
  busy_.insert(key);
  setup_.registry->get(key, setup_.lease.ttl / kTriesInTtl,
                       [weak = weak_from_this(), scheduler = setup_.scheduler,
                        key](Result<std::optional<Registry::Entry>> outcome) mutable {
                         scheduler->post([weak, key, outcome = std::move(outcome)] {
                           const auto self = weak.lock();
                           if (!self) return;
                           self->busy_.erase(key);
                           if (outcome) self->trouble_.clear();
                           if (outcome && *outcome) self->setup_.put(**outcome);
                           const BootTime pause = BootTime(self->setup_.lease.ttl) / kRetriesInTtl;
                           self->step_at(self->setup_.scheduler->now() + pause);
                         });
                       });
}

void Coordinator::step_at(BootTime time) {
  const BootTime now = setup_.scheduler->now();
  if (step_at_ <= time && step_at_ > now) return;  // it is looked at before that
  step_at_ = time;
  setup_.scheduler->post_after(time - now, [weak = weak_from_this(), time] {
    const auto self = weak.lock();
    if (!self) return;
    if (self->step_at_ == time) self->step_at_ = BootTime::max();
    self->step();
  });
}

void Coordinator::log(LogLevel level, std::string_view text) const {
  if (setup_.log) setup_.log(level, text);
}

}  // namespace aether::cluster
