// SPDX-License-Identifier: Apache-2.0
#include "cluster/election_simulation.hpp"

#include <cstdlib>

namespace aether {

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::uint64_t kSlowness = 10;
#else
constexpr std::uint64_t kSlowness = 1;
#endif

std::uint64_t number_in_environment(const char* name, std::uint64_t otherwise) {
  const char* const text = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets it
  return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

}  // namespace

std::uint64_t seeds_to_run(std::uint64_t few) {
  return number_in_environment("AETHER_CLUSTER_SEEDS", few / kSlowness);
}

std::uint64_t first_seed() { return number_in_environment("AETHER_CLUSTER_FIRST_SEED", 1); }

}  // namespace aether
