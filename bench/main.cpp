// SPDX-License-Identifier: Apache-2.0
#include "machine.hpp"
#include "options.hpp"
#include "report.hpp"
#include "rows.hpp"

#include <unistd.h>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <utility>

namespace {

using namespace aether::bench;

constexpr int kMissed = 1;
constexpr int kUsageError = 2;
constexpr int kNotMeasured = 3;

/// A folder of this run's own, gone with it.
class DataFolder {
 public:
  explicit DataFolder(const std::filesystem::path& parent)
      : path_(parent / ("aether-bench-data-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(path_);
  }
  ~DataFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  DataFolder(const DataFolder&) = delete;
  DataFolder& operator=(const DataFolder&) = delete;
  DataFolder(DataFolder&&) = delete;
  DataFolder& operator=(DataFolder&&) = delete;

  [[nodiscard]] std::string text() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

std::vector<Row> all_rows(const Setting& setting) {
  auto rows = memory_rows(setting);
  std::ranges::move(envelope_rows(setting), std::back_inserter(rows));
  std::ranges::move(sqlite_rows(setting), std::back_inserter(rows));
  std::ranges::move(projection_rows(setting), std::back_inserter(rows));
  std::ranges::move(bus_rows(setting), std::back_inserter(rows));
  std::ranges::move(cluster_rows(), std::back_inserter(rows));
  std::ranges::move(jetstream_rows(setting), std::back_inserter(rows));
  std::ranges::move(nats_bus_rows(setting), std::back_inserter(rows));
  return rows;
}

void show_progress(const std::string& row, std::size_t pair) {
  if (::isatty(STDERR_FILENO) == 1) std::cerr << '\r' << row << " " << pair + 1 << "\033[K";
}

void end_progress() {
  if (::isatty(STDERR_FILENO) == 1) std::cerr << "\r\033[K";
}

int run_probe(const Options& options, const std::vector<Row>& rows) {
  const auto row = std::ranges::find(rows, options.probe, &Row::name);
  if (row == rows.end()) {
    std::cerr << "aether-bench: no row " << options.probe << "; see --list\n";
    return kUsageError;
  }
  if (row->start) {
    if (auto ready = row->start(); !ready) {
      std::cerr << "aether-bench: " << ready.error().message << '\n';
      return kNotMeasured;
    }
  }
  if (row->prepare) {
    if (auto ready = row->prepare(); !ready) {
      std::cerr << "aether-bench: " << ready.error().message << '\n';
      return kNotMeasured;
    }
  }
  const auto sample = row->ours({.operations = options.operations});
  if (!sample) {
    std::cerr << "aether-bench: " << sample.error().message << '\n';
    return kNotMeasured;
  }
  std::cout << row->name << ": " << sample->value << " (CPU " << sample->cpu_ns << ")\n";
  return 0;
}

int exit_code(const Options& options, const Report& report) {
  const auto any = [&](Verdict verdict) {
    return std::ranges::any_of(report.outcomes,
                               [&](const Outcome& o) { return o.verdict == verdict; });
  };
  if (any(Verdict::not_measured)) return kNotMeasured;
  return any(Verdict::missed) && !options.quick ? kMissed : 0;
}

int run_pairs(const Options& options, const std::vector<Row>& rows, const Setting& setting) {
  Report report{.machine = describe_machine(setting.folder, setting.go.version()),
                .plan = options.plan,
                .outcomes = {}};
  for (const Row& row : rows) {
    if (!selects(options, row.name)) continue;
    report.outcomes.push_back(
        run_row(row, options.plan, [&](std::size_t pair) { show_progress(row.name, pair); }));
  }
  end_progress();
  if (report.outcomes.empty()) {
    std::cerr << "aether-bench: no row has " << options.only << " in its name; see --list\n";
    return kUsageError;
  }
  print_table(report, std::cout);
  if (!options.json_file.empty()) {
    std::ofstream file(options.json_file);
    print_json(report, file);
    file.close();
    if (!file) {
      std::cerr << "aether-bench: " << options.json_file << " could not be written\n";
      return kNotMeasured;
    }
  }
  for (const Outcome& outcome : report.outcomes) {
    if (outcome.verdict != Verdict::not_measured) continue;
    std::cerr << "aether-bench: NOT MEASURED: " << outcome.row.name << ": " << outcome.problem
              << '\n';
  }
  return exit_code(options, report);
}

int run(const Options& options) {
  if (is_in_memory(options.folder)) {
    std::cerr << "aether-bench: " << options.folder
              << " is in memory, where nothing is durable; name another with --folder\n";
    return kUsageError;
  }
  const DataFolder folder(options.folder);
  const Setting setting{
      .go = GoPeer(options.go_program),
      .go_nats =
          GoPeer(options.go_nats_program,
                 "the Go peer for NATS was not built: it needs Go 1.26 and its module proxy"),
      .folder = folder.text(),
      .quick = options.quick};
  const auto rows = all_rows(setting);
  if (options.list) {
    for (const Row& row : rows) std::cout << row.name << "  " << row.statement << '\n';
    return 0;
  }
  return options.probe.empty() ? run_pairs(options, rows, setting) : run_probe(options, rows);
}

}  // namespace

int main(int count, char** words) {
  try {
    const auto options = parse_options(std::span(words + 1, static_cast<std::size_t>(count - 1)));
    if (!options) {
      std::cerr << "aether-bench: " << options.error().message << "\n" << kUsage;
      return kUsageError;
    }
    if (options->help) {
      std::cout << kUsage;
      return 0;
    }
    return run(*options);
  } catch (const std::exception& error) {
    std::cerr << "aether-bench: " << error.what() << '\n';
    return kNotMeasured;
  }
}
