// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <random>

namespace aether {

/// The same numbers in every run, so that a failure can be repeated.
inline std::mt19937_64 seeded_random(unsigned seed) { return std::mt19937_64(seed); }

}  // namespace aether
