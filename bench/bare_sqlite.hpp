// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sample.hpp"

#include <cstddef>
#include <string>

namespace aether::bench {

/// The floor of a read: one table with the events of each actor side by side, one prepared
/// statement, every column looked at and nothing made of it.
struct BareSqlite {
  std::string path;
  std::size_t actors = 0;
  std::size_t each = 0;

  [[nodiscard]] Result<void> fill() const;
  [[nodiscard]] Probe reads() const;  ///< per event
};

}  // namespace aether::bench
