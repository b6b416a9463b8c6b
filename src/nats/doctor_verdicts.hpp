// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "nats/doctor_facts.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace aether::nats {

/// The checks, as they are made.
class Verdicts {
 public:
  void ok(std::string what, std::string found) {
    checks_.push_back({.what = std::move(what), .found = std::move(found)});
  }
  void note(std::string what, std::string found, std::string advice) {
    checks_.push_back({.what = std::move(what),
                       .verdict = Verdict::note,
                       .found = std::move(found),
                       .advice = std::move(advice)});
  }
  void problem(std::string what, std::string found, std::string advice) {
    checks_.push_back({.what = std::move(what),
                       .verdict = Verdict::problem,
                       .found = std::move(found),
                       .advice = std::move(advice)});
  }
  [[nodiscard]] std::vector<Check> take() && { return std::move(checks_); }

 private:
  std::vector<Check> checks_;
};

/// A server's version, to compare.
using ServerRelease = std::array<std::uint32_t, 3>;
/// "2.12.0-RC.1" is 2.12.0; what is no number is 0.
[[nodiscard]] ServerRelease parse_release(std::string_view version);

void judge_server(const Facts& facts, Verdicts& verdicts);
void judge_stream(const Facts& facts, const Namespace& ns, Verdicts& verdicts);
void judge_retention(const Facts& facts, Verdicts& verdicts);
void judge_durability(const Facts& facts, Verdicts& verdicts);
void judge_rights(const Facts& facts, const Namespace& ns, Verdicts& verdicts);

}  // namespace aether::nats
