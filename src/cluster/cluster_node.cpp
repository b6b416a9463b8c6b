// SPDX-License-Identifier: Apache-2.0
#include "cluster/cluster_node.hpp"

#include "core/text.hpp"

#include <cmath>
#include <utility>

namespace aether::cluster {
namespace {

constexpr std::string_view kLeaderKey = "leader";

}  // namespace

ClusterNode::ClusterNode(Setup setup) : setup_(std::move(setup)) {
  data_.node = setup_.options.node;
}

void ClusterNode::post(std::move_only_function<void(ClusterNode& self)> task) {
  setup_.scheduler->post([weak = weak_from_this(), task = std::move(task)]() mutable {
    const auto self = weak.lock();
    if (self && !self->is_closed_) task(*self);
  });
}

void ClusterNode::start(Joined joined) {
  post([joined = std::move(joined)](ClusterNode& self) {
    self.joined_ = joined;
    self.find_map();
  });
}

// What is owned here may live a little longer, in a task or a completion: so it refers weakly to
// this object.
void ClusterNode::make_leases() {
  const auto weak = weak_from_this();
  const auto on_lost = [weak](void (ClusterNode::*then)()) {
    return [weak, then](const std::string&) {
      if (const auto self = weak.lock()) (*self.*then)();
    };
  };
  node_lease_ = make_lease(concat(kNodeKeys, setup_.options.node.id),
                           {.acquired =
                                [weak](const std::shared_ptr<Tenure>& tenure) {
                                  if (const auto self = weak.lock()) self->acquired(tenure);
                                },
                            .lost = on_lost(&ClusterNode::lost),
                            .refused =
                                [weak](const Error& error) {
                                  if (const auto self = weak.lock()) self->fail_to_join(error);
                                }});
  leader_lease_ =
      make_lease(std::string(kLeaderKey), {.acquired =
                                               [weak](const std::shared_ptr<Tenure>& tenure) {
                                                 const auto self = weak.lock();
                                                 if (self) self->coordinator_->lead(tenure);
                                               },
                                           .lost = on_lost(&ClusterNode::deposed),
                                           .refused = {}});
}

std::shared_ptr<Lease> ClusterNode::make_lease(std::string key, Lease::Events events) {
  return std::make_shared<Lease>(Lease::Setup{.registry = setup_.registry,
                                              .scheduler = setup_.scheduler,
                                              .key = std::move(key),
                                              .holder = setup_.options.node.id,
                                              .options = setup_.options.lease,
                                              .log = setup_.options.log},
                                 std::move(events));
}

void ClusterNode::use_map(const ShardMap& map) {
  const ClusterOptions& options = setup_.options;
  if (map.shards != options.shards) {
    return fail_to_join({.code = Errc::invalid_argument,
                         .message = concat("the cluster has ", map.shards, " shards, not ",
                                           options.shards, ": give the number that it has")});
  }
  map_ = map;
  roster_ = std::make_shared<Roster>(options.lease, options.log);
  table_ = std::make_shared<TableSight>(map.shards, options.log);
  const auto weak = weak_from_this();
  holder_ = std::make_shared<ShardHolder>(
      ShardHolder::Setup{.shards = map.shards,
                         .node = options.node.id,
                         .handlers = options.handlers,
                         .scheduler = setup_.scheduler,
                         .handlers_scheduler = setup_.handlers_scheduler,
                         .released =
                             [weak] {
                               if (const auto self = weak.lock()) self->tell();
                             },
                         .log = options.log});
  coordinator_ =
      std::make_shared<Coordinator>(Coordinator::Setup{.registry = setup_.registry,
                                                       .scheduler = setup_.scheduler,
                                                       .shards = map.shards,
                                                       .lease = options.lease,
                                                       .limits = {.max_moving = options.max_moving},
                                                       .log = options.log,
                                                       .put =
                                                           [weak](const Registry::Entry& entry) {
                                                             if (const auto self = weak.lock())
                                                               self->see(entry);
                                                           }},
                                    roster_, table_);
  make_leases();
  auto watch =
      setup_.registry->watch({.on_entry =
                                  [weak](const Registry::Entry& entry) {
                                    const auto self = weak.lock();
                                    if (self)
                                      self->post([entry](ClusterNode& node) { node.see(entry); });
                                  },
                              .on_live =
                                  [weak](bool live) {
                                    const auto self = weak.lock();
                                    if (self)
                                      self->post([live](ClusterNode& node) { node.live(live); });
                                  }});
  const std::scoped_lock lock(mutex_);
  watch_ = std::move(watch);
  is_ready_ = true;
  trouble_.clear();
}

void ClusterNode::see(const Registry::Entry& entry) {
  node_lease_->see(entry);
  leader_lease_->see(entry);
  if (joined_) look_for_twin();
  const bool is_about_node = roster_->see(entry, setup_.scheduler->now());
  const bool is_new_table = table_->see(entry);
  if (is_new_table) holder_->see(*table_->table());
  if (is_new_table || is_about_node || entry.key == kTableKey) coordinator_->step();
  note();
  look_whether_drained();
}

void ClusterNode::live(bool live) {
  roster_->live(live, setup_.scheduler->now());
  table_->live(live);
  node_lease_->live(live);
  leader_lease_->live(live);
  coordinator_->live(live);
  if (live && joined_) {
    node_lease_->set_data(format_member(data_));
    node_lease_->want();
  }
  note();
}

/// A process that has crashed renews no more, but for one renewal that was on its way. One that is
/// seen to renew twice is alive.
void ClusterNode::look_for_twin() {
  const LeaseSight& sight = node_lease_->sight();
  if (!sight.record() || sight.record()->holder.empty() || node_lease_->is_own()) return;
  if (std::exchange(twin_, sight.record()->tenure) != twin_) {
    twin_renewals_ = 0;
  } else if (twin_revision_ != sight.revision()) {
    ++twin_renewals_;
  }
  twin_revision_ = sight.revision();
  if (twin_renewals_ < 2) return;
  fail_to_join({.code = Errc::version_conflict,
                .message = concat("another process is node ", quoted(setup_.options.node.id),
                                  " of this cluster, and alive: give this one another id")});
}

void ClusterNode::acquired(const std::shared_ptr<Tenure>& tenure) {
  holder_->begin(tenure);
  if (table_->table()) holder_->see(*table_->table());
  if (data_.state == MemberState::up) leader_lease_->want();
  if (joined_) std::exchange(joined_, nullptr)({});
}

void ClusterNode::lost() {
  holder_->end();
  coordinator_->follow();
  leader_lease_->release();
  if (left_) return give_back();
  tell();
  node_lease_->want();
}

void ClusterNode::deposed() {
  coordinator_->follow();
  if (node_lease_->tenure() && !has_begun_to_leave_) leader_lease_->want();
}

/// Puts what this node says of itself.
void ClusterNode::tell() {
  data_.released = holder_->released();
  node_lease_->set_data(format_member(data_));
}

void ClusterNode::leave(std::function<void()> left) {
  post([left = std::move(left)](ClusterNode& self) {
    self.left_ = left;
    self.data_.state = MemberState::leaving;
    if (!self.node_lease_ || !self.node_lease_->tenure()) return self.give_back();
    self.tell();
    self.look_whether_drained();
  });
}

void ClusterNode::leave_now() {
  post([](ClusterNode& self) { self.give_back(); });
}

/// A leader leads until its own shards are with others. It leaves with them where nobody is left.
void ClusterNode::look_whether_drained() {
  if (!left_ || has_begun_to_leave_) return;
  const BootTime now = setup_.scheduler->now();
  bool has_heir = false;
  for (const auto& [id, node] : roster_->nodes()) {
    const bool takes = Roster::is_up(node, now) && node.data.state == MemberState::up;
    has_heir = has_heir || (takes && id != setup_.options.node.id && !roster_->is_drained(id));
  }
  const bool owns_any = holder_->count() != 0 || !holder_->released().empty();
  if (!has_heir || !owns_any) give_back();
}

void ClusterNode::give_back() {
  if (std::exchange(has_begun_to_leave_, true)) return;
  auto left = [weak = weak_from_this()] {
    if (const auto self = weak.lock(); self && self->left_) self->left_();
  };
  if (!node_lease_) return left();
  holder_->end();
  coordinator_->follow();
  leader_lease_->release([weak = weak_from_this(), left] {
    if (const auto self = weak.lock()) self->node_lease_->release(left);
  });
}

void ClusterNode::close() {
  std::unique_ptr<Registry::WatchHandle> watch;
  {
    const std::scoped_lock lock(mutex_);
    watch = std::move(watch_);
  }
  watch.reset();
  post([](ClusterNode& self) {
    self.is_closed_ = true;
    if (!self.node_lease_) return;
    self.holder_->mute();
    for (const auto& lease : {self.node_lease_, self.leader_lease_}) lease->mute();
    self.holder_->end();
    self.coordinator_->follow();
  });
}

void ClusterNode::set_load(double load) {
  if (!std::isfinite(load)) return;  // no record can say it
  post([load](ClusterNode& self) {
    self.data_.node.load = load;
    if (self.node_lease_) self.tell();
  });
}

}  // namespace aether::cluster
