// SPDX-License-Identifier: Apache-2.0
#include "aether/cluster/cluster_manager.hpp"

#include "cluster/cluster_node.hpp"
#include "core/deadline.hpp"
#include "core/text.hpp"

#include <algorithm>
#include <future>
#include <utility>

namespace aether {
namespace {

using cluster::ClusterNode;

constexpr std::size_t kMostMoving = 256;

/// Waits until what was posted before is done.
void wait_for_tasks(Scheduler& scheduler) {
  std::promise<void> done;
  const auto ended = done.get_future();
  // The task's own: one that is dropped, because the program ends, breaks it, which ends the wait.
  scheduler.post([done = std::move(done)]() mutable { done.set_value(); });
  ended.wait();
}

class Manager final : public ClusterManager {
 public:
  Manager(std::shared_ptr<Scheduler> scheduler, std::shared_ptr<Scheduler> handlers_scheduler,
          std::shared_ptr<ClusterNode> node)
      : scheduler_(std::move(scheduler)),
        handlers_scheduler_(std::move(handlers_scheduler)),
        node_(std::move(node)) {}

  ~Manager() override {
    node_->close();
    wait_for_tasks(*scheduler_);
    wait_for_tasks(*handlers_scheduler_);
  }
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;

  Result<void> wait_until_joined(std::chrono::milliseconds timeout) {
    auto joined = std::make_shared<std::promise<Result<void>>>();
    auto result = joined->get_future();
    node_->start([joined](const Result<void>& outcome) { joined->set_value(outcome); });
    const auto deadline = deadline_after(timeout);
    if (result.wait_until(deadline) == std::future_status::ready) return result.get();
    return fail(Errc::unavailable, concat("the node has not joined the cluster in ",
                                          timeout.count(), " ms: ", node_->status()));
  }

  ShardId shard_of(std::string_view actor_id) const override {
    return node_->map()->shard_of(actor_id);
  }
  std::optional<std::uint64_t> owns(std::string_view actor_id) const override {
    return node_->owns(actor_id);
  }
  std::optional<Place> where(std::string_view actor_id) const override {
    return node_->where(actor_id);
  }
  std::vector<Member> members() const override { return node_->members(); }
  std::optional<std::string> leader() const override { return node_->leader(); }
  std::size_t shards() const override { return node_->shards(); }
  std::string status() const override { return node_->status(); }
  void set_load(double load) override { node_->set_load(load); }

  Result<void> stop(std::chrono::milliseconds timeout) override {
    auto left = std::make_shared<std::promise<void>>();
    auto result = left->get_future();
    node_->leave([left] { left->set_value(); });
    const bool in_time = result.wait_until(deadline_after(timeout)) == std::future_status::ready;
    const std::string waited_for = in_time ? std::string() : node_->status();
    node_->leave_now();
    node_->close();
    wait_for_tasks(*scheduler_);
    if (in_time) return {};
    return fail(Errc::unavailable, concat("the node has not left in order within ", timeout.count(),
                                          " ms: ", waited_for));
  }

 private:
  const std::shared_ptr<Scheduler> scheduler_;
  const std::shared_ptr<Scheduler> handlers_scheduler_;
  const std::shared_ptr<ClusterNode> node_;
};

Result<void> check_options(const ClusterOptions& options) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  };
  const std::string& id = options.node.id;
  if (id.empty() || id.size() > 64 || !std::ranges::all_of(id, is_plain)) {
    return fail(Errc::invalid_argument, concat("the node id ", quoted(id),
                                               " is not 1 to 64 of A-Z, a-z, 0-9, '-' and '_'"));
  }
  if (options.max_moving == 0 || options.max_moving > kMostMoving) {
    return fail(Errc::invalid_argument, concat("max_moving is ", options.max_moving, ", not 1 to ",
                                               kMostMoving, ": more do not fit into the table"));
  }
  if (auto map = make_shard_map(options.shards); !map) return std::unexpected(map.error());
  if (auto good = check_node(options.node); !good) return good;
  return check_lease_options(options.lease);
}

}  // namespace

Result<std::unique_ptr<ClusterManager>> ClusterManager::join(std::shared_ptr<Registry> registry,
                                                             ClusterOptions options,
                                                             std::chrono::milliseconds timeout) {
  if (auto good = check_options(options); !good) return std::unexpected(good.error());
  auto scheduler = make_scheduler();
  if (!scheduler) return std::unexpected(scheduler.error());
  auto handlers_scheduler = make_scheduler();
  if (!handlers_scheduler) return std::unexpected(handlers_scheduler.error());
  auto node =
      std::make_shared<ClusterNode>(ClusterNode::Setup{.registry = std::move(registry),
                                                       .scheduler = *scheduler,
                                                       .handlers_scheduler = *handlers_scheduler,
                                                       .options = std::move(options)});
  auto manager = std::make_unique<Manager>(*scheduler, *handlers_scheduler, std::move(node));
  if (auto joined = manager->wait_until_joined(timeout); !joined) {
    return std::unexpected(joined.error());
  }
  return manager;
}

}  // namespace aether
