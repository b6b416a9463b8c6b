// SPDX-License-Identifier: Apache-2.0
#include "options.hpp"

#include <fnmatch.h>

#include <charconv>
#include <chrono>
#include <map>
#include <string_view>

namespace aether::bench {
namespace {

/// Three pairs of 50 ms: shows that all of it runs; its numbers say little.
constexpr std::size_t kQuickPairs = 3;
constexpr std::chrono::milliseconds kQuickRun{50};

template <class Number>
bool read(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size();
}

bool read_time(std::string_view text, std::chrono::nanoseconds& time) {
  double seconds = 0;
  if (!read(text, seconds) || seconds <= 0) return false;
  time =
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(seconds));
  return true;
}

/// Whether `name` takes a value, and whether that one could be read.
enum class Taken { yes, unreadable, unknown };

Taken take(Options& options, std::string_view name, const std::string& value) {
  const std::map<std::string_view, std::string*> texts{
      {"--only", &options.only},     {"--json", &options.json_file},
      {"--go", &options.go_program}, {"--go-nats", &options.go_nats_program},
      {"--folder", &options.folder}, {"--probe", &options.probe}};
  if (const auto text = texts.find(name); text != texts.end()) {
    *text->second = value;
    const bool may_be_empty = name == "--go" || name == "--go-nats";
    return value.empty() && !may_be_empty ? Taken::unreadable : Taken::yes;
  }
  const auto readable = [](bool good) { return good ? Taken::yes : Taken::unreadable; };
  if (name == "--pairs") {
    return readable(read(value, options.plan.pairs) && options.plan.pairs > 0);
  }
  if (name == "--seconds") return readable(read_time(value, options.plan.run_time));
  if (name == "--operations") {
    return readable(read(value, options.operations) && options.operations > 0);
  }
  if (name == "--quiet-wait") {
    std::chrono::nanoseconds wait{};
    const bool good = read_time(value, wait);
    options.plan.quiet_wait = std::chrono::duration_cast<std::chrono::milliseconds>(wait);
    return readable(good);
  }
  return Taken::unknown;
}

}  // namespace

const char* const kUsage = R"(usage: aether-bench [OPTION]...

Measures Aether beside its references, in pairs of runs, and prints a table.

  --only PATTERN       only rows whose name has this part, or matches it with * and ?
  --list               print the names of the rows
  --quick              a smoke run: little data, 3 short pairs; misses do not fail
  --pairs N            pairs of runs a row (15)
  --seconds S          timed work of each run (0.3)
  --quiet-wait S       wait so long before each pair for other programs to rest (1)
  --json FILE          write everything that was measured to FILE
  --go PROGRAM         the Go peer, as built from bench/peers/go
  --go-nats PROGRAM    the one for NATS, as built from bench/peers/go-nats
  --folder FOLDER      where the durable rows write (the current one)
  --probe ROW          run ours of one row in this process and print it: for profilers
  --operations N       how much work --probe does (100000)

Exit: 0 no goal was missed; 1 one was; 2 wrong usage; 3 something could not be measured.
)";

Result<Options> parse_options(std::span<const char* const> words) {
  Options options;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string name = words[i];
    if (name == "--quick") {
      options.quick = true;
      options.plan.pairs = kQuickPairs;
      options.plan.run_time = kQuickRun;
      options.plan.quiet_wait = {};
    } else if (name == "--list") {
      options.list = true;
    } else if (name == "--help") {
      options.help = true;
    } else {
      const bool has_value = i + 1 < words.size();
      const Taken taken = take(options, name, has_value ? words[i + 1] : "");
      if (taken == Taken::unknown) return fail(Errc::invalid_argument, "unknown option: " + name);
      if (taken == Taken::unreadable || !has_value) {
        return fail(Errc::invalid_argument,
                    name + (has_value ? std::string(" does not take ") + words[i + 1]
                                      : std::string(" needs a value")));
      }
      ++i;
    }
  }
  return options;
}

bool selects(const Options& options, const std::string& row) {
  return options.only.empty() || row.find(options.only) != std::string::npos ||
         ::fnmatch(options.only.c_str(), row.c_str(), 0) == 0;
}

}  // namespace aether::bench
