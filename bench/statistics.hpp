// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "row.hpp"

#include <string_view>
#include <vector>

namespace aether::bench {

struct Quartiles {
  double low = 0;
  double median = 0;
  double high = 0;
};

/// Interpolates between neighbours; `values` must not be empty.
[[nodiscard]] Quartiles quartiles(std::vector<double> values);

enum class Verdict {
  reported,      ///< there is no goal
  met,           ///< the median meets it
  unclear,       ///< the median does not, the better quartile does: run again on a quieter machine
  missed,        ///< not even the better quartile meets it
  not_measured,  ///< ours or the reference could not be run
};

[[nodiscard]] std::string_view to_string(Verdict verdict);

/// What both sides measured, one of each a pair.
struct Runs {
  std::vector<Sample> ours;
  std::vector<Sample> reference;  ///< as many as `ours`, or none
};

/// The quartiles of what the goal bounds: over the pairs' ratios (reference / ours, or ours /
/// reference for a share), or over ours alone.
[[nodiscard]] Quartiles ratio(const Runs& runs, Goal::Kind kind);

/// The ratio of CPU times, the same way up as `ratio`; 0 where either side did not measure any.
[[nodiscard]] double cpu_ratio(const Runs& runs, Goal::Kind kind);

[[nodiscard]] Quartiles values(const std::vector<Sample>& samples);

[[nodiscard]] Verdict judge(const Goal& goal, const Runs& runs);

}  // namespace aether::bench
