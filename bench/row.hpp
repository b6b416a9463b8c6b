// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sample.hpp"

#include <string>
#include <vector>

namespace aether::bench {

/// What a probe's value is, and how it is shown.
enum class Unit {
  time,         ///< nanoseconds an operation
  rate,         ///< nanoseconds an operation, shown as operations a second
  bytes,        ///< bytes an event
  allocations,  ///< allocations an operation
};

struct Goal {
  enum class Kind {
    none,        ///< reported only
    faster,      ///< reference / ours is at least `bound`
    share,       ///< ours / reference is at most `bound`
    rate,        ///< ours is at least `bound` operations a second
    value_most,  ///< ours is at most `bound`
  };
  Kind kind = Kind::none;
  double bound = 0;
};

/// One line of the table: ours beside a reference measured in the same run.
struct Row {
  std::string name;       ///< "memory/append"
  std::string statement;  ///< "append of a made event, moved in, 1,000 actors"
  Unit unit = Unit::time;
  Probe ours;
  std::string reference_name{};  ///< "Go", "floor", …; "" where there is none
  Probe reference{};
  Goal goal{};
  bool exact = false;  ///< no noise: one run is enough
  /// Once, in the process that measures, before the rest: starts what all runs share.
  std::function<Result<void>()> start{};
  std::function<Result<void>()> prepare{};  ///< once, before the runs, in a process of its own
};

}  // namespace aether::bench
