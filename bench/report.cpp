// SPDX-License-Identifier: Apache-2.0
#include "report.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <iomanip>
#include <sstream>

namespace aether::bench {
namespace {

/// Three significant digits, without an exponent.
std::string rounded(double number) {
  int digits = number >= 10 ? 1 : 2;
  if (number >= 100) digits = 0;
  std::ostringstream text;
  text << std::fixed << std::setprecision(digits) << number;
  return text.str();
}

std::string grouped(double number) {
  auto text = std::to_string(std::llround(number));
  for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3) {
    text.insert(static_cast<std::size_t>(at), 1, ',');
  }
  return text;
}

std::string shown(double value, Unit unit) {
  switch (unit) {
    case Unit::bytes:
      return rounded(value) + " B";
    case Unit::allocations:
      return rounded(value);
    case Unit::rate:
      return grouped(1e9 / value) + "/s";
    case Unit::time:
      break;
  }
  if (value < 1e3) return rounded(value) + " ns";
  if (value < 1e6) return rounded(value / 1e3) + " us";
  return rounded(value / 1e6) + " ms";
}

std::string factor(double ratio, Goal::Kind kind) {
  return kind == Goal::Kind::share ? rounded(ratio * 100) + " %" : rounded(ratio) + "x";
}

std::string shown(const Goal& goal, Unit unit) {
  switch (goal.kind) {
    case Goal::Kind::none:
      return "-";
    case Goal::Kind::faster:
      return ">= " + factor(goal.bound, goal.kind);
    case Goal::Kind::share:
      return "<= " + factor(goal.bound, goal.kind);
    case Goal::Kind::rate:
      return ">= " + grouped(goal.bound) + "/s";
    case Goal::Kind::value_most:
      return "<= " + (unit == Unit::time ? shown(goal.bound, unit) : rounded(goal.bound));
  }
  return "?";
}

constexpr std::size_t kColumns = 7;
using Line = std::array<std::string, kColumns>;

Line line_of(const Outcome& outcome) {
  const auto& [row, runs, verdict, problem, busy] = outcome;
  Line line{row.name,
            "not measured",
            row.reference_name,
            "-",
            "-",
            shown(row.goal, row.unit),
            std::string(to_string(verdict))};
  if (!runs.ours.empty()) line[1] = shown(values(runs.ours).median, row.unit);
  if (row.reference_name.empty()) {
    line[2] = std::string(1, '-');
  } else if (runs.reference.empty()) {
    line[2] += " NOT MEASURED";
  } else {
    line[2] += " " + shown(values(runs.reference).median, row.unit);
    const auto found = ratio(runs, row.goal.kind);
    line[3] = factor(found.median, row.goal.kind) + " [" + rounded(found.low) + ", " +
              rounded(found.high) + "]";
    if (row.goal.kind == Goal::Kind::share) {
      line[3] = factor(found.median, row.goal.kind) + " [" + factor(found.low, row.goal.kind) +
                ", " + factor(found.high, row.goal.kind) + "]";
    }
    const double cpu = cpu_ratio(runs, row.goal.kind);
    if (cpu > 0) line[4] = factor(cpu, row.goal.kind);
  }
  return line;
}

std::vector<Line> lines_of(const Report& report) {
  std::vector<Line> lines{
      {"row", "ours", "reference", "ratio [quartiles]", "CPU ratio", "goal", "verdict"}};
  for (const auto& outcome : report.outcomes) lines.push_back(line_of(outcome));
  return lines;
}

void print_line(const Line& line, const std::array<std::size_t, kColumns>& widths,
                std::ostream& out) {
  for (std::size_t i = 0; i < kColumns; ++i) {
    out << "| " << line[i] << std::string(widths[i] - line[i].size() + 1, ' ');
  }
  out << "|\n";
}

/// How busy the machine was: the first thing to look at when numbers surprise.
std::string describe_busy(const Report& report) {
  std::vector<double> all;
  for (const auto& outcome : report.outcomes) {
    all.insert(all.end(), outcome.busy.begin(), outcome.busy.end());
  }
  if (all.empty()) return "nothing was run";
  const auto found = quartiles(all);
  return "before a pair, " + rounded(found.median) + " other runnable tasks [" +
         rounded(found.low) + ", " + rounded(found.high) + "], at worst " +
         rounded(*std::ranges::max_element(all));
}

std::string quoted(std::string_view text) {
  std::ostringstream out;
  out << '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') out << '\\';
    out << (static_cast<unsigned char>(c) < ' ' ? ' ' : c);
  }
  out << '"';
  return out.str();
}

std::string_view name_of(Unit unit) {
  switch (unit) {
    case Unit::time:
    case Unit::rate:
      return "nanoseconds";
    case Unit::bytes:
      return "bytes";
    case Unit::allocations:
      return "allocations";
  }
  return "?";
}

std::string_view name_of(Goal::Kind kind) {
  switch (kind) {
    case Goal::Kind::none:
      return "none";
    case Goal::Kind::faster:
      return "reference / ours at least";
    case Goal::Kind::share:
      return "ours / reference at most";
    case Goal::Kind::rate:
      return "operations per second at least";
    case Goal::Kind::value_most:
      return "ours at most";
  }
  return "?";
}

void print_numbers(std::string_view key, const std::vector<Sample>& samples, double Sample::* field,
                   std::ostream& out) {
  out << ", " << quoted(key) << ": [";
  for (std::size_t i = 0; i < samples.size(); ++i) out << (i == 0 ? "" : ", ") << samples[i].*field;
  out << ']';
}

void print_outcome(const Outcome& outcome, std::ostream& out) {
  const auto& [row, runs, verdict, problem, busy] = outcome;
  out << R"(    {"row": )" << quoted(row.name) << R"(, "statement": )" << quoted(row.statement)
      << R"(, "unit": )" << quoted(name_of(row.unit)) << R"(, "reference": )"
      << quoted(row.reference_name) << R"(, "goal": {"kind": )" << quoted(name_of(row.goal.kind))
      << R"(, "bound": )" << row.goal.bound << R"(}, "verdict": )" << quoted(to_string(verdict))
      << R"(, "problem": )" << quoted(problem);
  if (!runs.ours.empty()) out << R"(, "ours_median": )" << values(runs.ours).median;
  if (!runs.reference.empty()) {
    const auto found = ratio(runs, row.goal.kind);
    out << R"(, "reference_median": )" << values(runs.reference).median << R"(, "ratio": {"low": )"
        << found.low << R"(, "median": )" << found.median << R"(, "high": )" << found.high
        << R"(}, "cpu_ratio": )" << cpu_ratio(runs, row.goal.kind);
  }
  print_numbers("ours_runs", runs.ours, &Sample::value, out);
  print_numbers("ours_cpu_ns", runs.ours, &Sample::cpu_ns, out);
  print_numbers("reference_runs", runs.reference, &Sample::value, out);
  print_numbers("reference_cpu_ns", runs.reference, &Sample::cpu_ns, out);
  out << R"(, "other_runnable_tasks": [)";
  for (std::size_t i = 0; i < busy.size(); ++i) out << (i == 0 ? "" : ", ") << busy[i];
  out << "]}";
}

}  // namespace

void print_table(const Report& report, std::ostream& out) {
  for (const auto& [name, value] : report.machine) out << "- " << name << ": " << value << '\n';
  out << "- method: " << report.plan.pairs << " pairs of runs of "
      << rounded(std::chrono::duration<double>(report.plan.run_time).count())
      << " s, medians, order swapped each pair\n- busy: " << describe_busy(report) << "\n\n";

  const auto lines = lines_of(report);
  std::array<std::size_t, kColumns> widths{};
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < kColumns; ++i) widths[i] = std::max(widths[i], line[i].size());
  }
  print_line(lines.front(), widths, out);
  for (const auto width : widths) out << '|' << std::string(width + 2, '-');
  out << "|\n";
  for (std::size_t i = 1; i < lines.size(); ++i) print_line(lines[i], widths, out);

  out << '\n';
  for (const auto& outcome : report.outcomes) {
    out << "- " << outcome.row.name << ": " << outcome.row.statement << '\n';
    if (!outcome.problem.empty()) out << "  NOT MEASURED: " << outcome.problem << '\n';
  }
}

void print_json(const Report& report, std::ostream& out) {
  out << std::setprecision(9) << R"({"machine": {)";
  for (std::size_t i = 0; i < report.machine.size(); ++i) {
    const auto& [name, value] = report.machine[i];
    out << (i == 0 ? "" : ", ") << quoted(name) << ": " << quoted(value);
  }
  out << "},\n"
      << R"(  "pairs": )" << report.plan.pairs << R"(, "run_seconds": )"
      << std::chrono::duration<double>(report.plan.run_time).count() << R"(, "rows": [)" << '\n';
  for (std::size_t i = 0; i < report.outcomes.size(); ++i) {
    if (i != 0) out << ",\n";
    print_outcome(report.outcomes[i], out);
  }
  out << "\n  ]\n}\n";
}

}  // namespace aether::bench
