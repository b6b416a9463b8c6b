// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace aether {

/// What one run showed. Each run is another world, and the same again from the same seed.
struct SimulatedElections {
  std::optional<std::string> violation;  ///< of what elections promise, and when; none: all held
  std::size_t elected = 0;
  std::size_t accepted = 0;  ///< writes of leaders to a store that knows the greatest epoch
  std::size_t refused = 0;   ///< those that came too late: what only an epoch can keep out
};

/// Nodes stand for election over links that delay, lose, double and refuse, are cut off, paused at
/// any point, crashed and restarted, and have clocks that run up to 5 % fast or slow. At last all
/// is well for a while, and then nobody reaches the registry for a while. It is found out
/// - whether two lead at once: whenever one is elected, and whenever one acts,
/// - whether epochs grow,
/// - whether, once all is well, one leads, for good, and all know it,
/// - whether the leader before an outage is the one after it.
[[nodiscard]] SimulatedElections simulate_elections(std::uint64_t seed);

/// How many seeds a test runs: `few`, or AETHER_CLUSTER_SEEDS where the environment has it; fewer
/// under a sanitizer.
[[nodiscard]] std::uint64_t seeds_to_run(std::uint64_t few);

/// The first seed: 1, or AETHER_CLUSTER_FIRST_SEED, to repeat one.
[[nodiscard]] std::uint64_t first_seed();

}  // namespace aether
