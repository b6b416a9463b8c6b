// SPDX-License-Identifier: Apache-2.0
#include "aether/core/uuid.hpp"

#include "core/text.hpp"

#include <pthread.h>
#include <sys/random.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace aether {
namespace {

constexpr std::size_t kTextSize = 36;

// The two digits of every byte.
constexpr auto kPairs = [] {
  std::array<std::array<char, 2>, 256> pairs{};
  for (std::size_t i = 0; i < pairs.size(); ++i)
    pairs[i] = {kHexDigits[i / 16], kHexDigits[i % 16]};
  return pairs;
}();

// Counts the forks above this process, so that a child never takes random bits that its parent
// has, too.
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): a fork is the process's
std::atomic<std::uint32_t> forks{0};

// The last id's time: milliseconds since 1970 and, in the lower 12 bits, a fraction of one.
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): ids are the process's
std::atomic<std::uint64_t> last_tick{0};

void watch_forks() {
  static const int registered =
      pthread_atfork(nullptr, nullptr, [] { forks.fetch_add(1, std::memory_order_relaxed); });
  if (registered != 0) {
    (void)std::fputs("aether: no memory for pthread_atfork\n", stderr);
    std::abort();
  }
}

// Random bits of one thread, fetched from the kernel 256 bytes at a time: a call costs about as
// much as ten ids, and up to 256 bytes it is never cut short by a signal.
class RandomBits {
 public:
  std::uint64_t take() {
    const std::uint32_t generation = forks.load(std::memory_order_relaxed);
    if (used_ + sizeof(std::uint64_t) > buffer_.size() || generation != generation_) refill();
    std::uint64_t bits = 0;
    std::memcpy(&bits, buffer_.data() + used_, sizeof(bits));
    used_ += sizeof(bits);
    return bits;
  }

 private:
  void refill() {
    watch_forks();
    generation_ = forks.load(std::memory_order_relaxed);
    ssize_t got = -1;
    errno = EINTR;
    while (got < 0 && errno == EINTR) got = getrandom(buffer_.data(), buffer_.size(), 0);
    if (got != static_cast<ssize_t>(buffer_.size())) {
      (void)std::fputs("aether: the kernel gives no random bytes (getrandom failed)\n", stderr);
      std::abort();  // an id that is not unique would be worse
    }
    used_ = 0;
  }

  std::array<std::byte, 256> buffer_{};
  std::size_t used_ = buffer_.size();
  std::uint32_t generation_ = 0;
};

// Milliseconds and 4096ths of one, as RFC 9562's method 3 has them.
std::uint64_t tick_of(Timestamp time) {
  constexpr std::uint64_t kNanosPerMilli = 1'000'000;
  const auto nanos =
      static_cast<std::uint64_t>(std::max<std::int64_t>(time.time_since_epoch().count(), 0));
  const std::uint64_t fraction = nanos % kNanosPerMilli * 4096 / kNanosPerMilli;
  return nanos / kNanosPerMilli << 12U | fraction;
}

// A tick that no other id of this process has: the clock's if it is new, else the next free one.
std::uint64_t take_tick(std::uint64_t tick) {
  std::uint64_t last = last_tick.load(std::memory_order_relaxed);
  for (;;) {
    const std::uint64_t mine = std::max(tick, last + 1);
    if (last_tick.compare_exchange_weak(last, mine, std::memory_order_relaxed)) return mine;
  }
}

void put_big_endian(std::uint8_t* out, std::uint64_t value) {
  for (std::size_t i = 8; i-- > 0;) {
    out[i] = static_cast<std::uint8_t>(value & 0xFFU);
    value >>= 8U;
  }
}

constexpr bool has_dash_before(std::size_t byte) {
  return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

}  // namespace

std::string make_uuid_v7(const Clock& clock) {
  static thread_local RandomBits random;
  constexpr std::uint64_t kVersion7 = 0x7;
  constexpr std::uint64_t kVariant = 0x2;
  const std::uint64_t tick = take_tick(tick_of(clock.now()));
  Uuid uuid{};
  put_big_endian(uuid.data(), tick >> 12U << 16U | kVersion7 << 12U | (tick & 0xFFFU));
  put_big_endian(uuid.data() + 8, random.take() >> 2U | kVariant << 62U);
  return format_uuid(uuid);
}

std::optional<Uuid> parse_uuid(std::string_view text) {
  if (text.size() != kTextSize) return std::nullopt;
  Uuid uuid{};
  std::size_t at = 0;
  for (std::size_t i = 0; i < uuid.size(); ++i) {
    if (has_dash_before(i) && text[at++] != '-') return std::nullopt;
    const std::size_t high = kHexDigits.find(text[at++]);
    const std::size_t low = kHexDigits.find(text[at++]);
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    uuid[i] = static_cast<std::uint8_t>(high << 4U | low);
  }
  return uuid;
}

std::string format_uuid(const Uuid& uuid) {
  std::string text(kTextSize, '-');
  char* at = text.data();
  for (std::size_t i = 0; i < uuid.size(); ++i) {
    if (has_dash_before(i)) ++at;
    at = std::ranges::copy(kPairs[uuid[i]], at).out;
  }
  return text;
}

}  // namespace aether
