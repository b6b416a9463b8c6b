// SPDX-License-Identifier: Apache-2.0
#include "open_store.hpp"

#include "sqlite/store_internal.hpp"

namespace aether::crash {

Result<std::unique_ptr<sqlite::Store>> open_store(const std::string& path, const Opening& opening) {
  sqlite::Options options;
  options.vfs = opening.vfs;
  return sqlite::open_for_test(
      path, options,
      {.synchronous = opening.synchronous, .checkpoint_pages = opening.checkpoint_pages});
}

}  // namespace aether::crash
