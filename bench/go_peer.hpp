// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sample.hpp"

#include <string>

namespace aether::bench {

/// The same work in Go (bench/peers/go): a program that measures itself.
class GoPeer {
 public:
  /// `program` is "" where there is no Go: then every probe says so.
  explicit GoPeer(std::string program) : program_(std::move(program)) {}

  [[nodiscard]] Probe probe(const std::string& row) const;
  [[nodiscard]] std::string version() const;  ///< "go1.19.8", or "none"

 private:
  std::string program_;
};

}  // namespace aether::bench
