// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstdlib>

namespace aether::crash {

/// A number from the environment: script/crash-test asks for more than the tests do by themselves.
inline std::uint64_t setting(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nothing sets it
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

/// What every random choice comes from. A failing test prints it.
inline std::uint64_t seed() { return setting("AETHER_CRASH_SEED", 1); }

/// How many images of the disk after a power cut.
inline std::uint64_t image_count() { return setting("AETHER_CRASH_IMAGES", 1'500); }

/// How many processes to kill.
inline std::uint64_t kill_count() { return setting("AETHER_CRASH_KILLS", 15); }

/// How many points to try of each kind of fault; 0: all.
inline std::uint64_t fault_points() { return setting("AETHER_CRASH_FAULTS", 40); }

}  // namespace aether::crash
