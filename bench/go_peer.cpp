// SPDX-License-Identifier: Apache-2.0
#include "go_peer.hpp"

#include "child.hpp"

#include <chrono>
#include <sstream>

namespace aether::bench {
namespace {

std::string in_seconds(std::chrono::nanoseconds time) {
  return std::to_string(std::chrono::duration<double>(time).count());
}

}  // namespace

Probe GoPeer::probe(const std::string& row, const std::string& argument) const {
  return [*this, row, argument](const Budget& budget) -> Result<Sample> {
    if (program_.empty()) return fail(Errc::unavailable, missing_);
    std::vector<std::string> command{program_, row, in_seconds(budget.time)};
    if (!argument.empty()) command.push_back(argument);
    const auto text = output_of(std::move(command));
    if (!text) return std::unexpected(text.error());
    Sample sample;
    std::istringstream fields(*text);
    if (!(fields >> sample.value >> sample.cpu_ns)) {
      return fail(Errc::unavailable, "the Go program printed no numbers, but: " + *text);
    }
    return sample;
  };
}

std::string GoPeer::version() const {
  if (program_.empty()) return "none";
  auto text = output_of({program_, "version"});
  if (!text) return "none";
  while (!text->empty() && text->back() == '\n') text->pop_back();
  return *text;
}

}  // namespace aether::bench
