// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runner.hpp"

#include <ostream>
#include <string>
#include <utility>
#include <vector>

namespace aether::bench {

struct Report {
  std::vector<std::pair<std::string, std::string>> machine;
  Plan plan;
  std::vector<Outcome> outcomes;
};

/// A table in Markdown, aligned for a terminal, with the machine above and what went wrong below.
void print_table(const Report& report, std::ostream& out);

/// The same for programs: every run of every row, and what was made of them.
void print_json(const Report& report, std::ostream& out);

}  // namespace aether::bench
