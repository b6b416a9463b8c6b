// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/filter.hpp"
#include "aether/core/names.hpp"
#include "aether/store/event_store.hpp"
#include "nats/api.hpp"
#include "nats/commit.hpp"
#include "nats/locate.hpp"
#include "nats/long_read.hpp"
#include "store/recent_cache.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aether::nats {

struct ReaderOptions {
  Namespace ns;
  bool ask_leader = true;  ///< replicas may be behind: the end of what was read is checked
  bool batch_get = false;  ///< what is short; else all by consumers
  unsigned max_json_depth = kDefaultJsonDepth;
  std::size_t place_cache_actors = 10'000;
  std::chrono::milliseconds timeout{10'000};  ///< of each call, with its tries
};

/// The subject that all of the filter's events have, and as few others as can be.
[[nodiscard]] std::string filter_subject(const Namespace& ns, const Filter& filter);

/// Reads events out of the stream. What is unavailable is tried again until the timeout.
///
/// May be used from any thread; waits.
class Reader {
 public:
  Reader(StreamApi& api, ReaderOptions options)
      : api_(api), options_(std::move(options)), places_(options_.place_cache_actors) {}

  [[nodiscard]] Result<std::vector<EventPtr>> read(std::string_view actor_id,
                                                   const ReadOptions& options);
  [[nodiscard]] Result<Page> read_all(const Filter& filter, Position after, std::size_t limit);
  [[nodiscard]] Result<Version> latest_version(std::string_view actor_id);

  /// A page, and the sequence of the message at which the next begins: a position alone does not
  /// say whether its message was read whole.
  struct Stretch {
    Page page{};
    std::uint64_t sequence = 0;
  };
  /// From the message `sequence` on. Not `fresh`: what a replica that is behind does not have comes
  /// the next time.
  [[nodiscard]] Result<Stretch> read_from(std::uint64_t sequence, const Filter& filter,
                                          Position after, std::size_t limit, bool fresh);

  /// Whether there may be a message of the filter's from `sequence` on. Where reading needs a
  /// consumer, which a server makes with some effort, it is asked for the next message first.
  [[nodiscard]] Result<bool> may_go_on(const Filter& filter, std::uint64_t sequence);

  /// The position of the stream's last event, if no message from `sequence` on is of the filter's
  /// actors. Nothing where there is such a one, or no answer that is certain.
  [[nodiscard]] std::optional<Position> end_without(const Filter& filter, std::uint64_t sequence);

 private:
  /// Calls `take(message)` with the messages of `subject` from `sequence` on, in order, until it
  /// says false, or there are no more.
  template <class Take>
  Result<void> scan(LongRead::Range range, bool fresh, Deadline deadline, const Take& take);
  /// From where on to read for the actor's events from `version` on; nothing: there are none.
  [[nodiscard]] Result<std::optional<Place>> place_before(const std::string& subject,
                                                          Version version, Deadline deadline);
  /// Nothing where a remembered place is not there any more.
  [[nodiscard]] Result<std::optional<std::vector<EventPtr>>> read_behind(const std::string& subject,
                                                                         Place before,
                                                                         bool is_remembered,
                                                                         const ReadOptions& options,
                                                                         Deadline deadline);
  [[nodiscard]] std::optional<Place> remembered_before(const std::string& subject, Version version);
  void remember(const std::string& subject, const Place& place);
  /// The next messages of the range, by `long_read` where there is one. It begins one where there
  /// must be one, and ends one that is over.
  Result<Batch> fetch(const LongRead::Range& range, std::uint64_t at_once,
                      std::optional<LongRead>& long_read, Deadline deadline);
  [[nodiscard]] bool is_long(std::uint64_t messages) const;
  Result<std::optional<StoredMessage>> last(const std::string& subject, Deadline deadline);
  /// 0 where there is none.
  Result<std::uint64_t> last_sequence(const std::string& subject, Deadline deadline);
  std::optional<StoredMessage> end_of_stream();

  StreamApi& api_;
  const ReaderOptions options_;

  std::atomic<bool> may_consume_{true};  // until a server has said no

  std::mutex mutex_;  // guards places_
  /// Where reading ended lately, by subject: whoever reads page after page, or what was added
  /// since, goes on there.
  RecentCache<Place> places_;
};

/// Reads page after page, for one subscription.
class Follower {
 public:
  Follower(Reader& reader, Position after);

  /// What follows the last page. An empty page may be further on, too: past what the filter held
  /// back.
  [[nodiscard]] Result<Page> read(const Filter& filter, std::size_t limit);

 private:
  Reader& reader_;
  Position after_;
  std::uint64_t sequence_;
  Deadline next_look_{};  // at the stream's end, where the filter saw nothing
};

}  // namespace aether::nats
