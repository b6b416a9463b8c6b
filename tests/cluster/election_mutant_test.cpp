// SPDX-License-Identifier: Apache-2.0
#include "cluster/election_simulation.hpp"

#include <gtest/gtest.h>

#include <cstdio>

// Linked with a lease in which one thing is wrong (CMakeLists.txt says which).
namespace aether {
namespace {

TEST(ElectionMutant, IsCaught) {
  constexpr std::uint64_t kSeeds = 2'000;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    if (const auto violation = simulate_elections(seed).violation) {
      std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed), violation->c_str());
      return;
    }
  }
  FAIL() << "nothing was noticed in " << kSeeds << " worlds";
}

}  // namespace
}  // namespace aether
