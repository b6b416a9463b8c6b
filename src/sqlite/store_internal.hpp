// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/sqlite/store.hpp"

#include <memory>
#include <string>

namespace aether::sqlite {

/// What only tests may choose: a proof that they would see a store that syncs too little.
struct TestOptions {
  std::string synchronous = "FULL";  ///< PRAGMA synchronous: FULL, NORMAL, OFF
  int checkpoint_pages = 10'000;     ///< 40 MB of log: measured best for commits of 10 and 100
};

[[nodiscard]] Result<std::unique_ptr<Store>> open_for_test(const std::string& path,
                                                           const Options& options,
                                                           const TestOptions& test_options);

}  // namespace aether::sqlite
