// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cluster/lease_sight.hpp"
#include "cluster/plan.hpp"
#include "cluster/roster.hpp"
#include "cluster/table_sight.hpp"
#include "cluster/tenure.hpp"

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace aether::cluster {

/// Writes the shard table, while its node leads. Every node has one; the leader's works.
///
/// Before the shards of a node whose lease ran out are given away, its record is put to "held by
/// nobody" on the condition that it still is the one that ran out: a renewal that comes late fails
/// then, so that its former holder never again believes that it holds anything. The table is
/// written on the condition that it is the one that was planned upon. So nothing depends on there
/// being one leader only, and the next one continues with what stands in the registry.
///
/// Lives on the scheduler. `roster` and `table` are its node's, which keeps them up to date.
class Coordinator : public std::enable_shared_from_this<Coordinator> {
 public:
  struct Setup {
    std::shared_ptr<Registry> registry;
    std::shared_ptr<Scheduler> scheduler;
    std::uint32_t shards = kDefaultShards;
    LeaseOptions lease;
    PlanLimits limits;
    LogSink log;
    std::function<void(const Registry::Entry& entry)> put;  ///< was done by this one
  };

  Coordinator(Setup setup, const std::shared_ptr<Roster>& roster,
              const std::shared_ptr<TableSight>& table);

  void lead(std::shared_ptr<Tenure> tenure);
  void follow() { tenure_.reset(); }
  void live(bool live);
  /// Does what is to be done now. Called after everything that was seen.
  void step();

  /// What the leader waits for, for people; empty: nothing.
  [[nodiscard]] std::string waiting_for() const;

 private:
  [[nodiscard]] ShardTable present_table() const;
  [[nodiscard]] std::vector<PresentNode> look_at_nodes(const ShardTable& table);
  void fence(const std::string& id, const Roster::Node& node);
  void write(const ShardTable& table);
  void put(std::string key, std::string value, std::uint64_t expected);
  void ended(const Registry::Entry& put, const Result<std::uint64_t>& outcome);
  void look(const std::string& key);
  void step_at(BootTime time);
  void log(LogLevel level, std::string_view text) const;

  const Setup setup_;
  const std::shared_ptr<Roster> roster_;
  const std::shared_ptr<TableSight> table_;
  std::shared_ptr<Tenure> tenure_;
  bool live_ = false;
  std::set<std::string> busy_;  // keys of which a put or get is on its way
  BootTime step_at_ = BootTime::max();
  std::string trouble_;
};

}  // namespace aether::cluster
