// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/data.hpp"

#include <cstddef>

namespace aether {

/// What a store accepts in one append. Checked before anything else; over it: `too_large`.
struct Limits {
  /// All names, metadata and data of a commit, in bytes. The default is NATS's max_payload, so
  /// that what fits here fits there.
  std::size_t max_commit_bytes = std::size_t{1024} * 1024;
  std::size_t max_commit_events = 1'000;
  unsigned max_json_depth = kDefaultJsonDepth;  ///< deeper: `invalid_argument`
};

}  // namespace aether
