// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "nats/api.hpp"
#include "nats/commit.hpp"

#include <chrono>
#include <cstdint>
#include <future>
#include <optional>
#include <string>

namespace aether::nats {

/// Reads many messages of a subject by a consumer of its own, which is removed afterwards: many at
/// a time, the next of which are on their way while the last are looked at. A server delivers them
/// about three times as fast as in answer to direct gets, but making a consumer takes as long as
/// some hundred messages, and much longer in a cluster.
///
/// May be used from one thread at a time; not within a completion.
class LongRead {
 public:
  struct Range {
    std::string subject;
    std::uint64_t sequence = 0;  ///< the first
    std::uint64_t limit = 0;     ///< no more messages than these are asked for in advance
  };

  struct Patience {
    Deadline deadline;
    std::chrono::milliseconds longest;  ///< for each answer
  };

  /// Begins at once, and waits for nothing.
  LongRead(StreamApi& api, Range range, Patience patience);
  /// Waits for what is on its way.
  ~LongRead();
  LongRead(const LongRead&) = delete;
  LongRead& operator=(const LongRead&) = delete;

  /// Waits for the next messages: at least one, but for an empty range. After the last, or an
  /// error, it is over, and another one may read what is missing. Errors: `unavailable` (also where
  /// a part was lost on its way), `permission_denied`, and what servers may say of consumers.
  [[nodiscard]] ApiResult<Batch> next();

 private:
  using Promise = std::promise<ApiResult<Batch>>;
  struct Consumer {
    std::string name;
    std::uint64_t pending = 0;  ///< what it had to deliver when it was made, and has not yet
    std::uint64_t delivered = 0;
  };

  [[nodiscard]] std::chrono::milliseconds timeout() const;
  void begin();
  void ask_for_more();
  void pull(std::size_t count, Promise promise);
  [[nodiscard]] ApiResult<Batch> account_for(Batch batch);

  StreamApi& api_;
  Range range_;
  const Patience patience_;
  /// None as long as it was not made. Of the thread that answers while something is on its way,
  /// else of the caller's.
  std::optional<Consumer> consumer_;
  std::future<ApiResult<Batch>> coming_;
};

}  // namespace aether::nats
