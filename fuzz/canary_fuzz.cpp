// SPDX-License-Identifier: Apache-2.0
// Fails on purpose. A fuzzing run in which this one is not caught proves nothing: the search, the
// sanitizers, or the script that looks at the exit code is broken.
#include "fuzz.hpp"

#include <limits>
#include <memory>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = aether::fuzz::text_of(data, size);
  aether::fuzz::require(!text.starts_with("claim"), "no input begins with 'claim'");
  if (text.starts_with("heap")) {  // found by the address sanitizer
    const auto byte = std::make_unique<std::uint8_t>(data[0]);
    const volatile std::uint8_t* const outside = byte.get() + size;
    return *outside == 0 ? 0 : 0;
  }
  if (text.starts_with("overflow")) {  // found by the undefined behaviour sanitizer
    volatile int number = std::numeric_limits<int>::max();
    number = number + static_cast<int>(size);
  }
  return 0;
}
