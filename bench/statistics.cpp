// SPDX-License-Identifier: Apache-2.0
#include "statistics.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace aether::bench {
namespace {

constexpr double kNanosecondsPerSecond = 1e9;

double at(const std::vector<double>& sorted, double fraction) {
  const double place = fraction * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(std::floor(place));
  const auto above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(sorted[below], sorted[above], place - std::floor(place));
}

std::vector<double> ratios(const Runs& runs, Goal::Kind kind, double Sample::* field) {
  std::vector<double> found;
  for (std::size_t i = 0; i < runs.reference.size(); ++i) {
    const double ours = runs.ours[i].*field;
    const double theirs = runs.reference[i].*field;
    if (ours <= 0 || theirs <= 0) continue;
    found.push_back(kind == Goal::Kind::share ? ours / theirs : theirs / ours);
  }
  return found;
}

Verdict at_least(double bound, const Quartiles& found) {
  if (found.median >= bound) return Verdict::met;
  return found.high >= bound ? Verdict::unclear : Verdict::missed;
}

Verdict at_most(double bound, const Quartiles& found) {
  if (found.median <= bound) return Verdict::met;
  return found.low <= bound ? Verdict::unclear : Verdict::missed;
}

}  // namespace

Quartiles quartiles(std::vector<double> values) {
  std::ranges::sort(values);
  return {.low = at(values, 0.25), .median = at(values, 0.5), .high = at(values, 0.75)};
}

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::reported:
      return "-";
    case Verdict::met:
      return "met";
    case Verdict::unclear:
      return "unclear";
    case Verdict::missed:
      return "MISSED";
    case Verdict::not_measured:
      return "NOT MEASURED";
  }
  return "?";
}

Quartiles ratio(const Runs& runs, Goal::Kind kind) {
  return quartiles(ratios(runs, kind, &Sample::value));
}

double cpu_ratio(const Runs& runs, Goal::Kind kind) {
  auto found = ratios(runs, kind, &Sample::cpu_ns);
  return found.empty() ? 0 : quartiles(std::move(found)).median;
}

Quartiles values(const std::vector<Sample>& samples) {
  std::vector<double> found;
  found.reserve(samples.size());
  for (const auto& sample : samples) found.push_back(sample.value);
  return quartiles(std::move(found));
}

Verdict judge(const Goal& goal, const Runs& runs) {
  if (runs.ours.empty()) return Verdict::not_measured;
  switch (goal.kind) {
    case Goal::Kind::none:
      return Verdict::reported;
    case Goal::Kind::rate:
      return at_most(kNanosecondsPerSecond / goal.bound, values(runs.ours));
    case Goal::Kind::value_most:
      return at_most(goal.bound, values(runs.ours));
    case Goal::Kind::faster:
    case Goal::Kind::share:
      break;
  }
  if (runs.reference.empty()) return Verdict::not_measured;
  const auto found = ratio(runs, goal.kind);
  return goal.kind == Goal::Kind::share ? at_most(goal.bound, found) : at_least(goal.bound, found);
}

}  // namespace aether::bench
