// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/projection/rebuild.hpp"
#include "sqlite/connection.hpp"
#include "sqlite/model_file.hpp"
#include "sqlite/projection_rows.hpp"

#include <string>
#include <vector>

namespace aether::sqlite {

/// An event that was given up for good, in whatever partition of the projection.
struct DroppedEvent {
  std::string projection{};  ///< its name
  ParkedEvent event{};       ///< as it was parked
  Timestamp dropped_at{};
};

[[nodiscard]] Result<std::vector<DroppedEvent>> read_dropped(const Connection& connection);

/// Has a twin give up what was given up in the live model. `invalid_argument`: it has applied one
/// of these events already.
[[nodiscard]] Result<void> adopt_dropped(const ModelFile& twin, ProjectionRows& rows,
                                         const std::vector<DroppedEvent>& dropped);

}  // namespace aether::sqlite
