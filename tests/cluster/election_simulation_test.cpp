// SPDX-License-Identifier: Apache-2.0
#include "cluster/election_simulation.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <string>

namespace aether {
namespace {

TEST(ElectionSimulation, WhatElectionsPromiseHoldsInEachWorld) {
  SimulatedElections all;
  const std::uint64_t first = first_seed();
  const std::uint64_t seeds = seeds_to_run(1'500);
  for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
    const SimulatedElections run = simulate_elections(seed);
    ASSERT_FALSE(run.violation.has_value())
        << *run.violation << "\nAgain: AETHER_CLUSTER_FIRST_SEED=" << seed
        << " AETHER_CLUSTER_SEEDS=1";
    all.elected += run.elected;
    all.accepted += run.accepted;
    all.refused += run.refused;
  }
  RecordProperty("seeds", std::to_string(seeds));
  RecordProperty("elected", std::to_string(all.elected));
  RecordProperty("refused", std::to_string(all.refused));
  std::printf("%llu seeds: %zu elected, %zu writes accepted, %zu refused\n",
              static_cast<unsigned long long>(seeds), all.elected, all.accepted, all.refused);
  // The troubles bite: leaders are replaced, and some of them act too late.
  EXPECT_GT(all.elected, 3 * seeds);
  if (seeds >= 100) {
    EXPECT_GT(all.refused, 0U);
  }
}

TEST(ElectionSimulation, TheSameSeedMakesTheSameWorld) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const SimulatedElections one = simulate_elections(seed);
    const SimulatedElections again = simulate_elections(seed);
    EXPECT_EQ(one.elected, again.elected);
    EXPECT_EQ(one.accepted, again.accepted);
    EXPECT_EQ(one.refused, again.refused);
  }
}

}  // namespace
}  // namespace aether
