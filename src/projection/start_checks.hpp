// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/projection/projector.hpp"

#include <functional>
#include <string>

namespace aether {

/// `invalid_argument`: an option that could never work.
[[nodiscard]] Result<void> check_options(const ProjectorOptions& options);

/// Whether `store` has the last event that was handled. `invalid_argument`: it has not. `warn`
/// hears what the store's retention has removed after the checkpoint.
[[nodiscard]] Result<void> check_history(EventStore& store, const Projection& projection,
                                         const Checkpoint& checkpoint,
                                         const std::function<void(const std::string&)>& warn);

}  // namespace aether
