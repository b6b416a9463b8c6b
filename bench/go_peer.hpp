// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sample.hpp"

#include <string>

namespace aether::bench {

/// The same work in Go (bench/peers/go, bench/peers/go-nats): a program that measures itself.
class GoPeer {
 public:
  /// `program` is "" where it could not be built: then every probe says `missing`.
  explicit GoPeer(std::string program, std::string missing = "there is no Go on this machine")
      : program_(std::move(program)), missing_(std::move(missing)) {}

  [[nodiscard]] bool is_there() const { return !program_.empty(); }
  /// `argument`: what the program takes beside the row and the seconds; "": nothing.
  [[nodiscard]] Probe probe(const std::string& row, const std::string& argument = {}) const;
  [[nodiscard]] std::string version() const;  ///< "go1.19.8", or "none"

 private:
  std::string program_;
  std::string missing_;
};

}  // namespace aether::bench
