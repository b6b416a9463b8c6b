// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/error.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace aether {

/// A moment in UTC, in nanoseconds. Reaches from 1677-09-21 to 2262-04-11.
using Timestamp = std::chrono::sys_time<std::chrono::nanoseconds>;

/// "Not given": the store puts its own clock's time in its place.
inline constexpr Timestamp kNoTimestamp = Timestamp::min();

/// RFC 3339 in UTC, always with nine fraction digits, so that texts sort as times do:
/// "2026-08-20T10:11:12.123456789Z".
[[nodiscard]] std::string format_timestamp(Timestamp time);

/// Reads RFC 3339 with up to nine fraction digits and any offset. A leap second, a tenth digit, or
/// a time that `Timestamp` cannot hold is `invalid_argument`.
[[nodiscard]] Result<Timestamp> parse_timestamp(std::string_view text);

/// Where timestamps come from, so that a test can turn time by hand (`testing::ManualClock`).
/// `now` may be called from any thread at any time.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Timestamp now() const = 0;
};

/// The machine's real-time clock. Lives as long as the program.
[[nodiscard]] const Clock& system_clock();

}  // namespace aether
