// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/sqlite/store.hpp"

#include <memory>
#include <string>

namespace aether::crash {

struct Opening {
  std::string vfs{};                 ///< "": the default one
  std::string synchronous = "FULL";  ///< anything less must be caught
  int checkpoint_pages = 40;         ///< so few that a short workload goes through many checkpoints
};

/// The real store.
[[nodiscard]] Result<std::unique_ptr<sqlite::Store>> open_store(const std::string& path,
                                                                const Opening& opening = {});

}  // namespace aether::crash
