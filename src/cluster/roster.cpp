// SPDX-License-Identifier: Apache-2.0
#include "cluster/roster.hpp"

#include "core/text.hpp"

namespace aether::cluster {

bool Roster::see(const Registry::Entry& entry, BootTime now) {
  const std::string_view key = entry.key;
  if (key.starts_with(kDrainKeys)) {
    const std::string id(key.substr(kDrainKeys.size()));
    if (entry.value.empty()) {
      drains_.erase(id);
    } else {
      drains_.insert(id);
    }
    return true;
  }
  if (!key.starts_with(kNodeKeys)) return false;
  const std::string id(key.substr(kNodeKeys.size()));
  Node& node = at(id, now);
  if (!node.lease.see(entry, now)) return true;
  const auto& record = node.lease.record();
  std::string fault = node.lease.fault();
  node.is_sound = false;
  if (record) {
    if (!record->holder.empty() && record->holder != id) fault = "it is held for another id";
    Result<Member> data = record->holder.empty() ? Member{} : parse_member(record->data);
    if (!data) fault = data.error().message;
    if (fault.empty()) {
      node.is_sound = true;
      node.data = std::move(*data);
      node.data.node.id = id;
      if (!record->holder.empty()) node.name = record->tenure;
      node.data.tenure = node.name;
      node.data.revision = entry.revision;
    }
  }
  if (!fault.empty() && log_) {
    log_(LogLevel::warning, concat("the record of node ", quoted(id), ", of revision ",
                                   entry.revision, ", is ignored: ", fault));
  }
  return true;
}

void Roster::live(bool live, BootTime now) {
  live_ = live;
  for (auto& [id, node] : nodes_) {
    if (live) {
      node.lease.live(now);
    } else {
      node.lease.interrupt();
    }
  }
}

void Roster::expect(const std::string& id, BootTime now) { (void)at(id, now); }

bool Roster::is_gone(const Node& node) {
  return node.lease.revision() != 0 && node.lease.is_free();
}

bool Roster::is_up(const Node& node, BootTime now) {
  const auto& record = node.lease.record();
  return node.is_sound && !record->holder.empty() && now < node.lease.runs_out();
}

Roster::Node& Roster::at(const std::string& id, BootTime now) {
  auto found = nodes_.find(id);
  if (found == nodes_.end()) {
    found = nodes_.emplace(id, Node{.lease = LeaseSight(lease_), .name = {}}).first;
    if (live_) found->second.lease.live(now);
  }
  return found->second;
}

}  // namespace aether::cluster
