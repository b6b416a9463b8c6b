// SPDX-License-Identifier: Apache-2.0
#include "runner.hpp"

#include "child.hpp"
#include "machine.hpp"

#include <utility>

namespace aether::bench {
namespace {

/// The reference is given up at its first failure, ours ends the row.
class Pairs {
 public:
  Pairs(const Row& row, const Budget& budget)
      : row_(row), budget_(budget), has_reference_(static_cast<bool>(row.reference)) {}

  Result<void> run(bool ours_first) {
    Result<Sample> ours = fail(Errc::unavailable, "");
    if (ours_first) ours = run_forked(row_.ours, budget_);
    if (has_reference_) {
      auto reference = run_forked(row_.reference, budget_);
      if (reference) {
        runs_.reference.push_back(*reference);
      } else {
        has_reference_ = false;
        runs_.reference.clear();
        problem_ = row_.reference_name + ": " + reference.error().message;
      }
    }
    if (!ours_first) ours = run_forked(row_.ours, budget_);
    if (!ours) return std::unexpected(std::move(ours.error()));
    runs_.ours.push_back(*ours);
    return {};
  }

  [[nodiscard]] const Runs& runs() const { return runs_; }
  [[nodiscard]] const std::string& problem() const { return problem_; }

 private:
  const Row& row_;
  Budget budget_;
  bool has_reference_;
  Runs runs_;
  std::string problem_;
};

}  // namespace

Outcome run_row(const Row& row, const Plan& plan,
                const std::function<void(std::size_t pair)>& progress) {
  Outcome outcome{.row = row, .runs = {}, .problem = {}, .busy = {}};
  if (row.start) {
    if (auto ready = row.start(); !ready) {
      outcome.problem = "setting up: " + ready.error().message;
      return outcome;
    }
  }
  if (row.prepare) {
    if (auto ready = run_forked(row.prepare); !ready) {
      outcome.problem = "setting up: " + ready.error().message;
      return outcome;
    }
  }
  Pairs pairs(row, {.time = plan.run_time});
  const std::size_t count = row.exact ? 1 : plan.pairs;
  for (std::size_t i = 0; i < count; ++i) {
    progress(i);
    outcome.busy.push_back(wait_until_quiet(plan.quiet_wait));
    if (auto ok = pairs.run(i % 2 == 0); !ok) {
      outcome.problem = "ours: " + ok.error().message;
      return outcome;
    }
  }
  outcome.runs = pairs.runs();
  outcome.problem = pairs.problem();
  outcome.verdict = judge(row.goal, outcome.runs);
  if (!outcome.problem.empty()) outcome.verdict = Verdict::not_measured;
  return outcome;
}

}  // namespace aether::bench
