// SPDX-License-Identifier: Apache-2.0
#include "aether/projection/read_model.hpp"

namespace aether {

Result<ProjectionRequests> ReadModel::requests(const Projection& /*projection*/) {
  return ProjectionRequests{};
}

}  // namespace aether
