// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/log.hpp"
#include "exit_code.hpp"
#include "output.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace aether::cli {

struct ConsoleOptions {
  bool json = false;
  bool no_color = false;
};

/// Where a verb speaks: results on standard output, what went wrong on standard error, each for
/// people or, with `--json`, for programs.
class Console {
 public:
  explicit Console(const ConsoleOptions& options);

  [[nodiscard]] bool json() const { return json_; }
  [[nodiscard]] Output& out() { return out_; }
  [[nodiscard]] const Style& style() const { return style_; }

  /// A line for people.
  void say(std::string_view line, Ink ink = Ink::plain);

  /// A line of JSON. Text that is not UTF-8 gets replacement characters.
  void say_json(const nlohmann::ordered_json& object);

  /// A sentence on what was done for good. It is said in place of the output if that fails: nobody
  /// must take the one failure for the other.
  void did(std::string what) { done_ = std::move(what); }
  [[nodiscard]] const std::string& done() const { return done_; }

  /// For whoever waits at a terminal, on standard error. Nobody else hears it.
  void tell(std::string_view line) const;

  /// May be called from any thread, as may `log`.
  void complain(const Failure& failure) const;

  /// Passes a store's warnings and errors on. Must not outlive the console.
  [[nodiscard]] LogSink log() const;

 private:
  bool json_;
  Output out_;
  Style style_;
  Style error_style_;
  std::string done_;
};

}  // namespace aether::cli
