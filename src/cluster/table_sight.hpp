// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/cluster/registry.hpp"
#include "aether/cluster/shard_table.hpp"
#include "aether/core/log.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace aether::cluster {

inline constexpr std::string_view kTableKey = "table";

/// The shard table as a node sees it: the last one that it believes. What cannot be read, is older
/// than what was believed, or claims epochs that there cannot have been yet, is logged and ignored.
/// (Each epoch was the revision of a put, or counts puts: so none is above the entry's revision.)
class TableSight {
 public:
  TableSight(std::uint32_t shards, LogSink log) : shards_(shards), log_(std::move(log)) {}

  /// Shown by the watch, by a `get`, or put by this node. Whether `table` is another one now.
  bool see(const Registry::Entry& entry);
  /// The watch shows what is there, or may be behind from now on.
  void live(bool live) { live_ = live; }

  /// Null: none was believed yet.
  [[nodiscard]] const std::shared_ptr<const ShardTable>& table() const { return table_; }
  /// Of what stands in the registry, believed or not.
  [[nodiscard]] std::uint64_t revision() const { return revision_; }
  /// What stands in the registry is not `table`: a leader must put that right.
  [[nodiscard]] bool is_spoilt() const { return is_spoilt_; }

 private:
  Result<ShardTable> judge(const Registry::Entry& entry) const;

  const std::uint32_t shards_;
  const LogSink log_;
  std::shared_ptr<const ShardTable> table_;
  std::uint64_t revision_ = 0;
  bool is_spoilt_ = false;
  bool live_ = false;
};

}  // namespace aether::cluster
