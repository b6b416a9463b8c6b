// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "history.hpp"
#include "recorder.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace aether::crash {

/// A life of a store and all that it did to the disk.
struct Recording {
  std::vector<Record> records;
  Progress end;  ///< after the last record
  std::vector<Commit> commits;
  std::vector<Position> positions;  ///< of each commit's last event
  std::vector<Snapshot> snapshots;
  std::string error;  ///< not empty: the workload itself failed, without any fault
};

struct WorkloadOptions {
  std::uint64_t seed = 1;
  std::size_t commits = 60;
  std::string synchronous = "FULL";
};

/// Runs a store over the recording VFS: from its creation on, appends one by one and several at a
/// time (group commit), snapshots, checkpoints, closing and opening again.
[[nodiscard]] Recording record_workload(const WorkloadOptions& options);

}  // namespace aether::crash
