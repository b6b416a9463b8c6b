// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/stores/stores.hpp"

#include <memory>
#include <string>

namespace aether {

// Each in a file of its own, for which another stands in where a build is without that store.

[[nodiscard]] Result<std::unique_ptr<Stores>> open_sqlite_stores(const std::string& path,
                                                                 const StoresOptions& options);
[[nodiscard]] Result<std::unique_ptr<Stores>> open_nats_stores(const NatsUrl& url,
                                                               const StoresOptions& options);

}  // namespace aether
