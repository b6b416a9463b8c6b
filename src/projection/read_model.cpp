// SPDX-License-Identifier: Apache-2.0
#include "aether/projection/read_model.hpp"

namespace aether {

Result<ProjectionRequests> ReadModel::requests(const Projection& /*projection*/) {
  return ProjectionRequests{};
}

Result<void> ReadModel::answered(const Projection& /*projection*/,
                                 const ProjectionRequests& /*requests*/) {
  return {};
}

}  // namespace aether
