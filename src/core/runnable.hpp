// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

namespace aether {

/// Whether a thread of this process has work for a processor, be it on one or waiting for one. A
/// thread that a busy machine lets wait is told in this way from one that sleeps. False where the
/// system does not say.
[[nodiscard]] bool is_runnable(pid_t thread);

}  // namespace aether
