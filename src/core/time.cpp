// SPDX-License-Identifier: Apache-2.0
#include "aether/core/time.hpp"

#include "core/text.hpp"
#include "core/time_text.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace aether {
namespace {

using std::chrono::days;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using std::chrono::sys_days;

constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
constexpr std::int64_t kNanosPerDay = 86'400 * kNanosPerSecond;
constexpr std::size_t kFractionDigits = 9;

class SystemClock final : public Clock {
 public:
  [[nodiscard]] Timestamp now() const override {
    return std::chrono::time_point_cast<nanoseconds>(std::chrono::system_clock::now());
  }
};

char* put_digits(char* at, std::uint64_t value, std::size_t count) {
  for (std::size_t i = count; i-- > 0;) {
    at[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
  return at + count;
}

// The number that `digits` writes in decimal; -1 when there is something else in it.
int read_digits(std::string_view digits) {
  int value = 0;
  for (const char c : digits) {
    if (!is_digit(c)) return -1;
    value = value * 10 + (c - '0');
  }
  return value;
}

// A number of two digits; -1 when it is none, or is above `max`.
int read_pair(std::string_view text, std::size_t at, int max) {
  const int value = read_digits(text.substr(at, 2));
  return value <= max ? value : -1;
}

// "2026-08-20T10:11:12" at the front of `text`.
std::optional<seconds> read_date_time(std::string_view text) {
  const bool separated = text[4] == '-' && text[7] == '-' && (text[10] == 'T' || text[10] == 't') &&
                         text[13] == ':' && text[16] == ':';
  const int year = read_digits(text.substr(0, 4));
  const int month = read_pair(text, 5, 12);
  const int day = read_pair(text, 8, 31);
  const int hour = read_pair(text, 11, 23);
  const int minute = read_pair(text, 14, 59);
  const int second = read_pair(text, 17, 59);
  if (!separated || year < 0 || month < 0 || day < 0 || hour < 0 || minute < 0 || second < 0) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  return sys_days(date).time_since_epoch() + std::chrono::hours(hour) +
         std::chrono::minutes(minute) + seconds(second);
}

// Takes ".123" off the front of `text`, if it is there: nanoseconds.
std::optional<std::int64_t> take_fraction(std::string_view& text) {
  if (!text.starts_with('.')) return 0;
  text.remove_prefix(1);
  std::int64_t value = 0;
  std::size_t count = 0;
  for (; count < text.size() && is_digit(text[count]); ++count) {
    if (count == kFractionDigits) return std::nullopt;
    value = value * 10 + (text[count] - '0');
  }
  if (count == 0) return std::nullopt;
  text.remove_prefix(count);
  for (; count < kFractionDigits; ++count) value *= 10;
  return value;
}

// "Z" or "+01:30".
std::optional<seconds> read_offset(std::string_view text) {
  if (text == "Z" || text == "z") return seconds(0);
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return std::nullopt;
  const int hours = read_pair(text, 1, 23);
  const int minutes = read_pair(text, 4, 59);
  if (hours < 0 || minutes < 0) return std::nullopt;
  const seconds offset = std::chrono::hours(hours) + std::chrono::minutes(minutes);
  return text[0] == '-' ? -offset : offset;
}

struct Moment {
  seconds since_epoch{};
  std::int64_t nanos = 0;
};

std::optional<Moment> read_moment(std::string_view text) {
  constexpr std::size_t kDateTimeSize = 19;
  if (text.size() <= kDateTimeSize) return std::nullopt;
  const std::optional<seconds> local = read_date_time(text);
  text.remove_prefix(kDateTimeSize);
  const std::optional<std::int64_t> nanos = take_fraction(text);
  const std::optional<seconds> offset = read_offset(text);
  if (!local || !nanos || !offset) return std::nullopt;
  return Moment{.since_epoch = *local - *offset, .nanos = *nanos};
}

}  // namespace

TimestampText timestamp_text(Timestamp time) {
  // By hand: <chrono> would go through the day's beginning, which the first day has out of range.
  std::int64_t day = time.time_since_epoch().count() / kNanosPerDay;
  std::int64_t rest = time.time_since_epoch().count() % kNanosPerDay;
  if (rest < 0) {
    rest += kNanosPerDay;
    day -= 1;
  }
  const std::chrono::year_month_day date{sys_days(days(day))};
  const auto nanos = static_cast<std::uint64_t>(rest);
  const std::uint64_t second_of_day = nanos / kNanosPerSecond;

  TimestampText text{};
  char* at = text.data();
  at = put_digits(at, static_cast<std::uint64_t>(static_cast<int>(date.year())), 4);
  *at++ = '-';
  at = put_digits(at, static_cast<unsigned>(date.month()), 2);
  *at++ = '-';
  at = put_digits(at, static_cast<unsigned>(date.day()), 2);
  *at++ = 'T';
  at = put_digits(at, second_of_day / 3600, 2);
  *at++ = ':';
  at = put_digits(at, second_of_day / 60 % 60, 2);
  *at++ = ':';
  at = put_digits(at, second_of_day % 60, 2);
  *at++ = '.';
  at = put_digits(at, nanos % kNanosPerSecond, kFractionDigits);
  *at = 'Z';
  return text;
}

std::string format_timestamp(Timestamp time) {
  const TimestampText text = timestamp_text(time);
  return {text.data(), text.size()};
}

Result<Timestamp> parse_timestamp(std::string_view text) {
  const std::optional<Moment> moment = read_moment(text);
  if (!moment) {
    return fail(Errc::invalid_argument,
                concat("the time ", quoted(text),
                       " is not RFC 3339 with up to nine fraction digits: write it like "
                       "2026-08-20T10:11:12.123456789Z"));
  }
  std::int64_t whole = moment->since_epoch.count();
  std::int64_t nanos = moment->nanos;
  if (whole < 0 && nanos > 0) {  // the first moments fit only when counted from the second above
    whole += 1;
    nanos -= kNanosPerSecond;
  }
  std::int64_t total = 0;
  if (__builtin_mul_overflow(whole, kNanosPerSecond, &total) ||
      __builtin_add_overflow(total, nanos, &total)) {
    return fail(Errc::invalid_argument,
                concat("the time ", quoted(text),
                       " is out of range: it must be within 1677-09-21 and 2262-04-11"));
  }
  return Timestamp(nanoseconds(total));
}

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

}  // namespace aether
