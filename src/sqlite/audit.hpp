// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/store/audit.hpp"
#include "sqlite/connection.hpp"

#include <functional>
#include <stop_token>

namespace aether::sqlite {

/// `Inspectable::inspect` for a database.
[[nodiscard]] Result<void> inspect_database(const Connection& connection,
                                            const std::function<void(Finding)>& report,
                                            std::stop_token stop);

}  // namespace aether::sqlite
