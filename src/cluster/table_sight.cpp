// SPDX-License-Identifier: Apache-2.0
#include "cluster/table_sight.hpp"

#include "core/text.hpp"

namespace aether::cluster {

bool TableSight::see(const Registry::Entry& entry) {
  // While the watch begins anew it may show a lower revision: of a registry that was set back.
  if (entry.key != kTableKey || entry.revision == revision_) return false;
  if (live_ && entry.revision < revision_) return false;
  revision_ = entry.revision;
  Result<ShardTable> table = judge(entry);
  is_spoilt_ = !table;
  if (!table) {
    if (log_) {
      log_(LogLevel::warning, concat("the shard table of revision ", entry.revision,
                                     " is ignored: ", table.error().message));
    }
    return false;
  }
  table_ = std::make_shared<const ShardTable>(std::move(*table));
  return true;
}

Result<ShardTable> TableSight::judge(const Registry::Entry& entry) const {
  if (entry.value.empty()) return fail(Errc::corrupt, "somebody has removed it");
  Result<ShardTable> table = parse_shard_table(entry.value, shards_);
  if (!table) return table;
  if (table->epoch > entry.revision || table->leader_epoch > entry.revision) {
    return fail(Errc::corrupt, concat("it claims the epoch ", table->epoch, " and the leader's ",
                                      table->leader_epoch, ", which cannot be yet"));
  }
  if (!table_ || *table == *table_) return table;
  if (table->epoch <= table_->epoch || table->leader_epoch < table_->leader_epoch) {
    return fail(Errc::corrupt, concat("it has the epoch ", table->epoch, " of the leader of epoch ",
                                      table->leader_epoch, ", but ", table_->epoch, " of ",
                                      table_->leader_epoch, " has been seen"));
  }
  return table;
}

}  // namespace aether::cluster
