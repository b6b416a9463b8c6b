// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/error.hpp"
#include "runner.hpp"

#include <span>
#include <string>

namespace aether::bench {

struct Options {
  Plan plan;
  bool quick = false;
  bool list = false;
  bool help = false;
  std::string only;        ///< a shell pattern, or a part of the name
  std::string json_file;   ///< "" for none
  std::string go_program;  ///< "" for none
  std::string go_nats_program;
  std::string folder = ".";
  std::string probe;  ///< run ours of this row here, without pairs: for profilers
  std::uint64_t operations = 100'000;
};

/// `invalid_argument` names the word that was not understood.
[[nodiscard]] Result<Options> parse_options(std::span<const char* const> words);

[[nodiscard]] bool selects(const Options& options, const std::string& row);

extern const char* const kUsage;

}  // namespace aether::bench
