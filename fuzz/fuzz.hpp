// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <source_location>
#include <string_view>

/// What each target defines: called with every input, which it must neither keep nor change.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace aether::fuzz {

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// Ends the program, which is how a fuzzer learns of a finding, unless `holds`.
inline void require(bool holds, const char* claim,
                    std::source_location where = std::source_location::current()) {
  if (holds) return;
  (void)std::fprintf(stderr, "%s:%u: not true: %s\n", where.file_name(),
                     static_cast<unsigned>(where.line()), claim);
  std::abort();
}

}  // namespace aether::fuzz
