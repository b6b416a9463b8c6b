// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/error.hpp"
#include "aether/core/time.hpp"
#include "nats/commit_message.hpp"
#include "nats/requests.hpp"
#include "nats/stream_config.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aether::nats {

// JetStream's API at the level of the wire: subjects, JSON and headers, as the servers from 2.9 to
// 2.15 have them. The client library's own calls know too little of it (no batch, no atomic
// commit, no metadata) and have errors of their own.

/// The numbers that a server gives its refusals (`err_code`).
enum class ApiCode : int {
  none = 0,
  account_has_no_room = 10002,
  cluster_incomplete = 10004,
  no_suitable_peers = 10005,
  cluster_unavailable = 10008,
  not_the_leader = 10009,
  server_has_no_room = 10023,
  too_many_consumers = 10026,
  too_many_streams = 10027,
  no_room_in_memory = 10028,
  message_not_found = 10037,
  account_without_jetstream = 10039,
  no_room_in_files = 10047,
  message_too_large = 10054,
  store_failed = 10077,  // a limit is reached, among others
  stream_name_in_use = 10058,
  stream_not_found = 10059,
  wrong_stream = 10060,
  subjects_overlap = 10065,
  wrong_last_sequence = 10071,
  replicas_without_cluster = 10074,
  jetstream_not_enabled = 10076,
  headers_too_large = 10097,
  duplicate_in_process = 10158,
  sequence_in_flight = 10164,
  batch_not_enabled = 10174,
  batch_incomplete = 10176,
  batch_too_large = 10199,
  batch_repeats = 10201,
};

/// What an API request ended with: the error is the caller's, `code` says what the server meant.
struct ApiError {
  ApiCode code = ApiCode::none;
  Error error{};
};
/// The stream, the account or the server is full.
[[nodiscard]] bool is_full(ApiCode code);
/// Of a message that was published: it is not stored, and trying again would not help.
[[nodiscard]] bool is_final(const ApiError& error);

template <class T>
using ApiResult = std::expected<T, ApiError>;

/// A server that holds a stream, beside the one that leads it.
struct StreamPeer {
  std::string name{};
  bool is_current = false;
  bool is_offline = false;
  std::uint64_t lag = 0;  ///< operations that it has not done yet
  /// Since the leader has heard of it; less than about a second in a good cluster. The only sign
  /// of a server that was killed: it is not said to be offline, and for 10 s to be current.
  std::chrono::nanoseconds silent{0};
};

struct StreamInfo {
  StreamConfig config{};
  Timestamp created = kNoTimestamp;
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;
  std::uint64_t first_sequence = 0;
  std::uint64_t last_sequence = 0;
  Timestamp first_time = kNoTimestamp;        ///< of the first message; none in an empty stream
  std::uint64_t deleted = 0;                  ///< messages that are missing in between
  std::vector<std::uint64_t> deleted_ones{};  ///< where they were asked for
  std::uint64_t subjects = 0;                 ///< that have messages: actors
  std::uint64_t consumers = 0;
  std::string cluster{};  ///< its name; "" outside of one
  std::string leader{};   ///< the server's name; "" outside of a cluster, in old servers
  std::vector<StreamPeer> peers{};
  Timestamp server_time = kNoTimestamp;  ///< when this was true; none before 2.10
};

/// The server's answer to a message for a stream.
struct Stored {
  std::uint64_t sequence = 0;
  bool is_duplicate = false;
  std::uint64_t batch_count = 0;  ///< the messages of an atomic batch; 0: it was none
};

/// Several messages of a stream, in the order of their sequences.
struct Batch {
  std::vector<StoredMessage> messages{};
  bool is_last = false;       ///< the one who answered has no more
  std::uint64_t pending = 0;  ///< what it has beyond these; not known where the limit was of bytes
};

/// The place of a message that a consumer delivers, as its reply subject tells it; zeros where that
/// is none: "$JS.ACK.<stream>.<consumer>.<times>.<sequence>.<number>.<time>.<pending>", with two
/// tokens more behind "ACK" from newer servers.
struct Delivered {
  std::uint64_t sequence = 0;
  std::uint64_t number = 0;  ///< of the consumer's deliveries
};
[[nodiscard]] Delivered delivered_as(std::string_view acknowledgement);

/// A consumer, as far as it matters here.
struct ConsumerInfo {
  std::string name{};
  std::uint64_t pending = 0;  ///< messages that it has yet to deliver
  Timestamp created = kNoTimestamp;
};

/// Requests to JetStream about one stream. Those with a completion may be sent from any thread; it
/// runs as those of `Requests` do. The others wait, and are not for completions.
class StreamApi {
 public:
  StreamApi(Transport& transport, Requests& requests, std::string stream)
      : transport_(transport), requests_(requests), stream_(std::move(stream)) {}

  template <class T>
  using Completion = std::move_only_function<void(ApiResult<T>)>;
  using Found = std::optional<StoredMessage>;
  using Timeout = std::chrono::milliseconds;

  [[nodiscard]] ApiResult<ApiLevel> level(Timeout timeout);
  [[nodiscard]] ApiResult<StreamInfo> info(Timeout timeout, bool with_deleted = false);
  void info(Timeout timeout, Completion<StreamInfo> done);
  [[nodiscard]] ApiResult<StreamInfo> create(const StreamConfig& config, ApiLevel level,
                                             Timeout timeout);

  /// The last message of `subject`, or the first from `sequence` on. The leader of the stream knows
  /// all that was acknowledged; any of its replicas (`direct`) may be behind.
  void last(const std::string& subject, bool direct, Timeout timeout, Completion<Found> done);
  void next(const std::string& subject, std::uint64_t sequence, bool direct, Timeout timeout,
            Completion<Found> done);

  /// At most `limit` messages of `subject` from `sequence` on, from any replica, in one reply each.
  /// `unavailable` also where some were lost. Needs `kBatchGetLevel`.
  void batch(const std::string& subject, std::uint64_t sequence, std::size_t limit, Timeout timeout,
             Completion<Batch> done);

  /// Makes a consumer for the messages of `subject` from `sequence` on. It goes by itself 10 s
  /// after it was last asked for some.
  void make_consumer(const std::string& subject, std::uint64_t sequence, Timeout timeout,
                     Completion<ConsumerInfo> done);
  struct Pull {
    std::string consumer;
    std::size_t count = 0;        ///< of messages, at most
    std::uint64_t delivered = 0;  ///< by this consumer before
  };
  /// A consumer's next messages, in one reply each. None: it has no more. `unavailable` also where
  /// some were lost.
  void pull(const Pull& asked, Timeout timeout, Completion<Batch> done);
  /// Makes a consumer that is not asked: it sends to `inbox` the last message of each subject that
  /// `pattern` matches, then each that comes, and where none comes a sign of life (a status 100)
  /// after each `heartbeat`. It goes by itself some seconds after nobody listens there any more.
  void make_feed(const std::string& pattern, const std::string& inbox, Timeout heartbeat,
                 Timeout timeout, Completion<ConsumerInfo> done);
  /// Does not wait for it.
  void remove_consumer(const std::string& name);

  /// Publishes a message into the stream. `completes`: the subjects of the other parts of a batch,
  /// whose last one this is.
  void publish(std::string_view subject, std::span<const Header> headers, std::string_view body,
               Timeout timeout, Completion<Stored> done,
               std::span<const std::string_view> completes = {});

  /// One that the server does not answer: part of a batch.
  [[nodiscard]] Result<void> publish_silently(std::string_view subject,
                                              std::span<const Header> headers,
                                              std::string_view body);

  [[nodiscard]] Requests& requests() { return requests_; }
  [[nodiscard]] const std::string& stream() const { return stream_; }

 private:
  void get_from_leader(const std::string& body, Timeout timeout, Completion<Found> done);
  void get_direct(const std::string& suffix, const std::string& body, Timeout timeout,
                  Completion<Found> done);

  void create_consumer(const std::string& settings, Timeout timeout, Completion<ConsumerInfo> done);
  void pull(const Pull& asked, bool is_limited, Timeout timeout, Completion<Batch> done);

  Transport& transport_;
  Requests& requests_;
  const std::string stream_;
};

}  // namespace aether::nats
