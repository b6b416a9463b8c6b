// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/text.hpp"
#include "nats/api.hpp"

#include <algorithm>
#include <chrono>
#include <future>
#include <thread>
#include <utility>

// Calls that wait, made of those of `StreamApi` that do not.
namespace aether::nats {

/// A try that is not answered for so long is made again: the stream's leader may be gone.
inline constexpr std::chrono::milliseconds kLongestTry{2'000};
inline constexpr std::chrono::milliseconds kLongestPatientTry{16'000};
/// With less time left another try would only find that there is none.
inline constexpr std::chrono::milliseconds kShortestTry{20};
inline constexpr std::chrono::milliseconds kFirstPause{2};
inline constexpr std::chrono::milliseconds kLongestPause{250};

/// How long to wait for an answer to the next try.
[[nodiscard]] inline std::chrono::milliseconds time_for_a_try(
    std::chrono::steady_clock::time_point deadline,
    std::chrono::milliseconds longest = kLongestTry) {
  using std::chrono::milliseconds;
  const auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
  return std::clamp(left, milliseconds(1), longest);
}

/// Makes `ask(timeout, completion)` a call that waits, until `deadline` at most.
template <class T, class Ask>
[[nodiscard]] ApiResult<T> wait_once(std::chrono::steady_clock::time_point deadline, const Ask& ask,
                                     std::chrono::milliseconds longest = kLongestTry) {
  std::promise<ApiResult<T>> promise;
  ask(time_for_a_try(deadline, longest),
      [&promise](ApiResult<T> result) { promise.set_value(std::move(result)); });
  return promise.get_future().get();
}

/// For questions: calls `once(longest)` again while it is `unavailable`, until the deadline. It
/// waits for an answer for `longest`, twice as long after a silence: servers with too much to do
/// answer late, and more questions would not help them.
template <class T, class Once>
[[nodiscard]] Result<T> try_until(std::chrono::steady_clock::time_point deadline,
                                  const Once& once) {
  auto longest = kLongestTry;
  for (auto pause = kFirstPause;; pause = std::min(pause * 2, kLongestPause)) {
    const auto begun = std::chrono::steady_clock::now();
    ApiResult<T> result = once(longest);
    if (result) return std::move(*result);
    Error& error = result.error().error;
    if (error.code != Errc::unavailable) return std::unexpected(std::move(error));
    if (std::chrono::steady_clock::now() + pause + kShortestTry >= deadline) {
      return fail(Errc::unavailable, concat("the stream could not be read in time: try again "
                                            "later (the last try: ",
                                            error.message, ")"));
    }
    if (std::chrono::steady_clock::now() - begun >= longest) {
      longest = std::min(longest * 2, kLongestPatientTry);
    }
    std::this_thread::sleep_for(pause);
  }
}

/// For questions: asks again while the answer is `unavailable`.
template <class T, class Ask>
[[nodiscard]] Result<T> wait_for(std::chrono::steady_clock::time_point deadline, const Ask& ask) {
  return try_until<T>(deadline, [&](std::chrono::milliseconds longest) {
    return wait_once<T>(deadline, ask, longest);
  });
}

}  // namespace aether::nats
