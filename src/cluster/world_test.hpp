// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cluster/cluster_node.hpp"
#include "cluster/sim_test.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace aether::cluster::sim {

/// A cluster in virtual time, and an oracle that looks at all its nodes after each step of the
/// world. The same seed gives the same history.
class World {
 public:
  explicit World(std::uint64_t seed, std::uint32_t shards = 16)
      : random_(seed), shards_(shards), owners_(shards), newest_(shards) {
    lease_ = {.ttl = milliseconds(1'000),
              .renew = milliseconds(250),
              .clock_drift = 0.06,
              .margin = milliseconds(20)};
  }

  struct Node {
    std::shared_ptr<Port> port;
    std::shared_ptr<Process> process;
    std::shared_ptr<Process> handlers;
    std::shared_ptr<ClusterNode> node;
    std::optional<Result<void>> joined;
    bool has_left = false;
  };

  Node& start(const std::string& id, double rate = 1.0) {
    Node& node = *(nodes_[id] = std::make_unique<Node>());
    const auto clock = time_.scheduler(rate);
    node.port = std::make_shared<Port>(store_, network_, random_());
    if (is_calm_) node.port->calm();
    node.process = std::make_shared<Process>(clock);
    node.handlers = std::make_shared<Process>(clock);
    ClusterOptions options{.node = {.id = id, .address = id + ".example.org"},
                           .lease = lease_,
                           .shards = shards_,
                           .max_moving = max_moving_};
    options.handlers.draining = [this, handlers = node.handlers](
                                    ShardId, std::uint64_t, const std::function<void()>& done) {
      handlers->post_after(milliseconds(random_() % (1 + drain_ms_)), done);
    };
    options.log = [this](LogLevel, std::string_view text) { log_.emplace_back(text); };
    node.node =
        std::make_shared<ClusterNode>(ClusterNode::Setup{.registry = node.port,
                                                         .scheduler = node.process,
                                                         .handlers_scheduler = node.handlers,
                                                         .options = options});
    node.node->start([&node](const Result<void>& result) { node.joined = result; });
    return node;
  }

  void leave(const std::string& id) {
    Node& node = at(id);
    node.node->leave([&node] { node.has_left = true; });
  }

  /// As by kill -9.
  void crash(const std::string& id) {
    at(id).process->kill();
    at(id).handlers->kill();
    graves_.push_back(std::move(nodes_.at(id)));  // messages of it may still be on their way
    nodes_.erase(id);
  }

  Node& at(const std::string& id) { return *nodes_.at(id); }
  [[nodiscard]] bool has(const std::string& id) const { return nodes_.contains(id); }
  std::map<std::string, std::unique_ptr<Node>>& nodes() { return nodes_; }
  Store& store() { return *store_; }
  std::mt19937_64& random() { return random_; }
  [[nodiscard]] const std::vector<std::string>& log() const { return log_; }
  [[nodiscard]] BootTime now() const { return time_.now(); }
  void set_max_moving(std::size_t most) { max_moving_ = most; }
  void calm() { is_calm_ = true; }
  void set_drain_ms(unsigned most) { drain_ms_ = most; }
  /// The longest time for which nobody owned a shard that had been owned before.
  [[nodiscard]] milliseconds longest_pause() const {
    return std::chrono::duration_cast<milliseconds>(longest_pause_);
  }
  void forget_pauses() { longest_pause_ = {}; }
  [[nodiscard]] std::size_t changes_of_owner() const { return changes_; }

  void run(milliseconds time) {
    const BootTime end = time_.now() + time;
    while (time_.now() < end && !has_failed_) {
      time_.run_until(std::min(end, time_.now() + milliseconds(1)));
      look();
    }
  }

  /// Until each shard is owned, by nodes that have the same number, or one more.
  [[nodiscard]] bool run_until_settled(milliseconds limit) {
    const BootTime end = time_.now() + limit;
    while (time_.now() < end && !has_failed_) {
      run(milliseconds(10));
      if (is_settled()) return true;
    }
    return false;
  }

  [[nodiscard]] bool is_settled() const {
    std::size_t sum = 0;
    std::size_t least = shards_;
    std::size_t most = 0;
    for (const auto& [id, node] : nodes_) {
      if (node->has_left) continue;
      const std::size_t count = count_of(*node);
      sum += count;
      least = std::min(least, count);
      most = std::max(most, count);
    }
    return sum == shards_ && most <= least + 1;
  }

  [[nodiscard]] std::size_t count_of(const Node& node) const {
    std::size_t count = 0;
    for (ShardId shard = 0; shard < shards_; ++shard) {
      if (node.node->owns_shard(shard)) ++count;
    }
    return count;
  }

  [[nodiscard]] std::string leader() const {
    for (const auto& [id, node] : nodes_) {
      if (node->node->map() && node->node->leader() == id) return id;
    }
    return {};
  }

  [[nodiscard]] std::optional<ShardTable> table() const {
    const auto entry = store_->get("table");
    if (!entry) return std::nullopt;
    auto table = parse_shard_table(entry->value, shards_);
    return table ? std::optional(std::move(*table)) : std::nullopt;
  }

  [[nodiscard]] std::size_t moving() const {
    const auto now = table();
    if (!now) return 0;
    return static_cast<std::size_t>(
        std::ranges::count_if(now->shards, [](const auto& slot) { return slot.next != kNobody; }));
  }

 private:
  struct Owner {
    const Node* node = nullptr;
    std::uint64_t epoch = 0;
    BootTime until{};  ///< when it was seen to own it last
  };

  void look() {
    for (ShardId shard = 0; shard < shards_; ++shard) look_at(shard);
  }

  void look_at(ShardId shard) {
    const Node* owner = nullptr;
    std::uint64_t epoch = 0;
    for (const auto& [id, node] : nodes_) {
      const auto owned = node->node->owns_shard(shard);
      if (!owned) continue;
      if (owner != nullptr) fail_at(shard, "two nodes own it at once");
      owner = node.get();
      epoch = *owned;
    }
    if (owner == nullptr) return;
    Owner& last = owners_[shard];
    if (epoch < newest_[shard]) fail_at(shard, "an owner has an epoch that is over");
    if (epoch == last.epoch && owner != last.node) fail_at(shard, "an epoch has two owners");
    newest_[shard] = epoch;
    if (last.node != nullptr) longest_pause_ = std::max(longest_pause_, time_.now() - last.until);
    if (owner != last.node) ++changes_;
    last = {.node = owner, .epoch = epoch, .until = time_.now()};
  }

  void fail_at(ShardId shard, const char* what) {
    has_failed_ = true;
    ADD_FAILURE() << "shard " << shard << " at " << time_.now().count() / 1'000'000
                  << " ms: " << what;
  }

  testing::VirtualTime time_;
  const std::shared_ptr<Scheduler> network_ = time_.scheduler();
  const std::shared_ptr<Store> store_ = std::make_shared<Store>();
  std::mt19937_64 random_;
  const std::uint32_t shards_;
  LeaseOptions lease_;
  std::size_t max_moving_ = 64;
  unsigned drain_ms_ = 0;
  std::vector<std::string> log_;
  std::map<std::string, std::unique_ptr<Node>> nodes_;
  std::vector<std::unique_ptr<Node>> graves_;
  std::vector<Owner> owners_;
  std::vector<std::uint64_t> newest_;
  BootTime longest_pause_{};
  std::size_t changes_ = 0;
  bool is_calm_ = false;
  bool has_failed_ = false;
};

}  // namespace aether::cluster::sim
