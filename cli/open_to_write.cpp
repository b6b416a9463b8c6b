// SPDX-License-Identifier: Apache-2.0
#include "verbs.hpp"
#include "wakeup.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

namespace aether::cli {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

std::expected<OpenStore, Failure> Session::open() const {
  return open_store(store_url, {.signals = signals, .log = console.log()});
}

std::expected<OpenStore, Failure> Session::open_to_write(milliseconds timeout) const {
  return open_to_write(timeout, store_url);
}

std::expected<OpenStore, Failure> Session::open_to_write(milliseconds timeout,
                                                         std::string_view url) const {
  constexpr milliseconds kFirstPause{5};
  constexpr milliseconds kLongestPause{100};
  constexpr milliseconds kSilence{1'000};  // who waits for less need not know why
  const Deadline deadline = steady_clock::now() + timeout;
  const OpenOptions options{
      .signals = signals, .access = Access::write, .timeout = timeout, .log = console.log()};
  const std::array<int, 1> inputs{signals.fd()};
  const Deadline told_at = steady_clock::now() + kSilence;
  bool told = false;
  for (milliseconds pause = kFirstPause;; pause = std::min(pause * 2, kLongestPause)) {
    auto store = open_store(url, options);
    if (store || store.error().error.code != Errc::unavailable) return store;
    const Deadline now = steady_clock::now();
    if (now >= deadline) {
      store.error().advice = "Nothing was stored. How long to wait is said by --timeout.";
      return store;
    }
    if (!told && now >= told_at) {
      console.tell("waiting, because " + store.error().error.message);
      told = true;
    }
    const auto left = std::chrono::ceil<milliseconds>(deadline - now);
    if (wait_for_any(inputs, -1, std::min(pause, left))) {
      return std::unexpected(Failure(Error{
          .code = Errc::closed, .message = "interrupted while waiting to write to the store"}));
    }
  }
}

}  // namespace aether::cli
