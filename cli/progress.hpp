// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace aether::cli {

/// How far a long piece of work has come.
struct Advance {
  std::uint64_t done = 0;   ///< in the unit of the work, for its speed
  std::uint64_t part = 0;   ///< of `whole`, for its percentage
  std::uint64_t whole = 0;  ///< 0: nobody knows
};

/// "verify: 42 %, 1,234,567 events, 98,765 events/s".
[[nodiscard]] std::string progress_text(std::string_view verb, std::string_view unit,
                                        const Advance& advance, std::chrono::milliseconds elapsed);

/// A line on standard error that shows work going on. Only on a terminal, only when it takes long,
/// and gone when it is over. Used by one thread.
class Progress {
 public:
  /// `unit` in the singular: "event".
  Progress(std::string verb, std::string unit);
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Cheap enough to be called often: the line changes ten times a second.
  void update(const Advance& advance);

  /// Takes the line away, for whoever writes next.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;

  std::string verb_;
  std::string unit_;
  std::size_t width_;  // of the terminal; 0: there is none
  Clock::time_point begin_ = Clock::now();
  Clock::time_point next_;
  bool shown_ = false;
};

}  // namespace aether::cli
