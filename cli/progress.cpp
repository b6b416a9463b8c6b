// SPDX-License-Identifier: Apache-2.0
#include "progress.hpp"

#include "output.hpp"
#include "text.hpp"

#include <unistd.h>

#include <algorithm>
#include <utility>

namespace aether::cli {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kQuiet{500};  // what is over sooner needs no explanation
constexpr milliseconds kPeriod{100};

void write_to_stderr(std::string_view text) {
  // Where the terminal is gone, there is nobody to tell.
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text.data(), text.size());
}

}  // namespace

std::string progress_text(std::string_view verb, std::string_view unit, const Advance& advance,
                          milliseconds elapsed) {
  std::string text = std::string(verb) + ": ";
  if (advance.whole > 0) {
    const std::uint64_t part = std::min(advance.part, advance.whole);
    const auto percent = static_cast<std::uint64_t>(100.0 * static_cast<double>(part) /
                                                    static_cast<double>(advance.whole));
    text += std::to_string(percent) + " %, ";
  }
  text += count_of(advance.done, unit);
  if (elapsed.count() > 0) {
    const auto rate = static_cast<std::uint64_t>(static_cast<double>(advance.done) * 1000.0 /
                                                 static_cast<double>(elapsed.count()));
    text += ", " + count_of(rate, unit) + "/s";
  }
  return text;
}

Progress::Progress(std::string verb, std::string unit)
    : verb_(std::move(verb)),
      unit_(std::move(unit)),
      width_(can_rewrite_line(STDERR_FILENO) ? style_of(STDERR_FILENO, true).width : 0),
      next_(begin_ + kQuiet) {}

void Progress::update(const Advance& advance) {
  if (width_ == 0) return;
  const auto now = Clock::now();
  if (now < next_) return;
  next_ = now + kPeriod;
  const auto elapsed = std::chrono::duration_cast<milliseconds>(now - begin_);
  shown_ = true;
  write_to_stderr("\r" + shorten(progress_text(verb_, unit_, advance, elapsed), width_ - 1) +
                  "\x1b[K");
}

void Progress::clear() {
  if (std::exchange(shown_, false)) write_to_stderr("\r\x1b[K");
}

}  // namespace aether::cli
