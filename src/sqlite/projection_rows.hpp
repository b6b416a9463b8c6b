// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/time.hpp"
#include "aether/projection/rebuild.hpp"
#include "sqlite/connection.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace aether::sqlite {

/// The rows of `aether_projections` and `aether_parked`, through the connection that writes. Calls
/// belong into the caller's transaction.
class ProjectionRows {
 public:
  [[nodiscard]] static Result<ProjectionRows> open(const Connection& connection);

  /// Makes the projection's row where there is none. `invalid_argument`: it is there with another
  /// filter, or with others partitions.
  [[nodiscard]] Result<ProjectionState> load(const Projection& projection, Timestamp now);

  /// Nothing: there is no such row.
  [[nodiscard]] Result<std::optional<std::uint64_t>> revision(const std::string& key);

  /// Keeps the batch but for its events, under the revision after its own.
  [[nodiscard]] Result<void> keep(const Projection& projection, const Batch& batch, Timestamp now);

  [[nodiscard]] Result<std::vector<KeptProjection>> kept();

  /// Gives all projections the same revision.
  [[nodiscard]] Result<void> set_revisions(std::uint64_t revision);

  [[nodiscard]] Result<ProjectionRequests> requests(const std::string& key);

  /// As `Rebuildable`.
  [[nodiscard]] Result<bool> rebuild_failed(const Error& error, unsigned most);

 private:
  ProjectionRows() = default;
  [[nodiscard]] Result<void> check_others(const Projection& projection, const std::string& filter);
  [[nodiscard]] Result<void> keep_parked(const std::string& key, const ParkedEvent& parked);
  [[nodiscard]] Result<std::vector<ParkedEvent>> parked(const std::string& key);
  [[nodiscard]] Result<std::set<std::string, std::less<>>> dropped(const std::string& name);

  Statement insert_;
  Statement others_;
  Statement load_;
  Statement parked_;
  Statement revision_;
  Statement update_;
  Statement park_;
  Statement unpark_;
  Statement drop_;
  Statement dropped_ids_;
  Statement rebuild_;
  Statement requests_;
  Statement unask_;
  Statement failed_;
  Statement kept_;
  Statement set_revisions_;
};

}  // namespace aether::sqlite
