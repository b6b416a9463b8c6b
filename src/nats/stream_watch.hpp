// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/store/event_store.hpp"
#include "nats/api.hpp"

#include <chrono>
#include <cstdint>
#include <optional>

namespace aether::nats {

/// Sees for one subscription whether the stream still is the one that it reads: somebody may have
/// made it anew, or brought it back from a backup. Then its positions are those of other events,
/// and whoever read on would miss all up to the one that was reached.
///
/// Looks before what follows a failure is read, when told to, and now and then where nothing
/// happens.
class StreamWatch {
 public:
  /// `created`: of the stream when the store was opened.
  StreamWatch(StreamApi& api, Timestamp created, Position after);

  /// Before a page is read. Errors: `unavailable` (the stream seems to be another one; one look
  /// may be answered by a server that is behind), `corrupt` (it is).
  [[nodiscard]] Result<void> check();

  /// There may be a reason: the next check asks the server.
  void look_now() { next_look_ = Clock::now(); }
  /// The last check could not ask.
  [[nodiscard]] bool is_due() const { return Clock::now() >= next_look_; }

  /// What was read then.
  void note(const Result<Page>& page);

 private:
  using Clock = std::chrono::steady_clock;

  StreamApi& api_;
  const Timestamp created_;
  Position reached_;                 ///< or where it began
  std::uint64_t last_sequence_ = 0;  ///< of what was read: the stream's end is not before it
  Clock::time_point next_look_;
  std::optional<Clock::time_point> other_since_{};
};

}  // namespace aether::nats
