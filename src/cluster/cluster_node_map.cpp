// SPDX-License-Identifier: Apache-2.0
// How a node finds the cluster's shard map, or makes it, being the first.
#include "cluster/cluster_node.hpp"
#include "core/text.hpp"

#include <utility>

namespace aether::cluster {
namespace {

constexpr int kLooksInTtl = 2;

}  // namespace

void ClusterNode::find_map() {
  setup_.registry->get(
      kShardMapKey, setup_.options.lease.ttl / kLooksInTtl,
      [weak = weak_from_this()](Result<std::optional<Registry::Entry>> outcome) {
        const auto self = weak.lock();
        if (!self) return;
        self->post([outcome = std::move(outcome)](ClusterNode& node) { node.map_found(outcome); });
      });
}

void ClusterNode::map_found(const Result<std::optional<Registry::Entry>>& outcome) {
  if (!outcome) {
    const Error& error = outcome.error();
    if (error.code != Errc::unavailable && error.code != Errc::outcome_unknown) {
      return fail_to_join(error);
    }
    {
      const std::scoped_lock lock(mutex_);
      trouble_ = error.message;
    }
    setup_.scheduler->post_after(setup_.options.lease.renew, [weak = weak_from_this()] {
      const auto self = weak.lock();
      if (self && !self->is_closed_) self->find_map();
    });
    return;
  }
  if (!*outcome) return make_map();
  const Result<ShardMap> map = parse_shard_map((*outcome)->value);
  if (!map) {
    return fail_to_join(
        {.code = map.error().code,
         .message = concat(map.error().message, "; it is the registry's key ", quoted(kShardMapKey),
                           ", of revision ", (*outcome)->revision)});
  }
  use_map(*map);
}

void ClusterNode::make_map() {
  const Result<ShardMap> map = make_shard_map(setup_.options.shards);
  if (!map) return fail_to_join(map.error());
  setup_.registry->put(kShardMapKey, format_shard_map(*map), 0,
                       setup_.options.lease.ttl / kLooksInTtl,
                       [weak = weak_from_this()](Result<std::uint64_t> outcome) {
                         const auto self = weak.lock();
                         if (!self) return;
                         self->post([outcome](ClusterNode& node) {
                           // Whoever made it: what is there now holds.
                           if (outcome || outcome.error().code != Errc::permission_denied) {
                             return node.find_map();
                           }
                           node.fail_to_join(outcome.error());
                         });
                       });
}

void ClusterNode::fail_to_join(const Error& error) {
  if (setup_.options.log) setup_.options.log(LogLevel::error, error.message);
  {
    const std::scoped_lock lock(mutex_);
    trouble_ = error.message;
  }
  if (!joined_) return;  // it has joined, and tries on
  if (node_lease_) node_lease_->release();
  std::exchange(joined_, nullptr)(std::unexpected(error));
}

}  // namespace aether::cluster
