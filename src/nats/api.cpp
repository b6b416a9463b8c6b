// SPDX-License-Identifier: Apache-2.0
#include "nats/api.hpp"

#include "core/text.hpp"
#include "nats/api_json.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <memory>
#include <thread>
#include <utility>

namespace aether::nats {

namespace {

using std::chrono::nanoseconds;

constexpr std::string_view kApi = "$JS.API.";

// So long after it was last asked for some, a consumer goes by itself.
constexpr std::chrono::seconds kUnasked{10};

// What a server sends at most before it is asked again: without flow control, so that it must fit
// into what a connection may hold.
constexpr std::size_t kMaxBatchBytes = std::size_t{8} * 1024 * 1024;
constexpr int kLimitReached = 409;  // a status

std::uint64_t header_number(const Message& message, const std::string& name) {
  const std::string_view text = message.header(name).value_or("");
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

/// A message that came with the stream's own data in headers, as direct gets send them.
StoredMessage from_direct(const Message& message) {
  StoredMessage stored{.sequence = header_number(message, "Nats-Sequence"),
                       .subject = std::string(message.header("Nats-Subject").value_or("")),
                       .body = std::string(message.data())};
  stored.take_headers([&](const std::string& name) { return message.header(name); });
  return stored;
}

StoredMessage from_consumer(const Message& message, std::uint64_t sequence) {
  StoredMessage stored{.sequence = sequence,
                       .subject = std::string(message.subject()),
                       .body = std::string(message.data())};
  stored.take_headers([&](const std::string& name) { return message.header(name); });
  return stored;
}

std::unexpected<ApiError> failed(Error error) {
  // Nobody answers: the stream has no leader at the moment, or there is no JetStream at all.
  if (error.code == Errc::not_found) {
    error.code = Errc::unavailable;
    error.message = concat(
        "JetStream does not answer: it is not enabled, or the stream has no "
        "leader at the moment (",
        error.message, ")");
  }
  return std::unexpected(ApiError{.error = std::move(error)});
}

/// The reply to a question, which changed nothing: an unknown outcome is none.
std::unexpected<ApiError> unanswered(Error error) {
  if (error.code == Errc::outcome_unknown) {
    error.code = Errc::unavailable;
    error.message = concat(
        "JetStream does not answer: it may have too much to do, or no room on "
        "its disk, or look for a leader (",
        error.message, ")");
  }
  return failed(std::move(error));
}

std::unexpected<ApiError> lost_a_part() {
  return unanswered(
      {.code = Errc::unavailable, .message = "a part of a batch was lost on its way"});
}

/// Asks, and once more where an answer was lost with the connection, or where the question was the
/// first of all, sent just before the server's word came that we may not hear replies.
Result<Message> ask(Requests& requests, const std::string& subject, const std::string& body,
                    std::chrono::milliseconds timeout) {
  const auto begun = std::chrono::steady_clock::now();
  auto reply = requests.request({.subject = subject, .data = body, .timeout = timeout});
  if (reply || reply.error().code != Errc::outcome_unknown ||
      std::chrono::steady_clock::now() - begun >= timeout / 2) {
    return reply;
  }
  return requests.request({.subject = subject, .data = body, .timeout = timeout / 2});
}

template <class T, class Parse>
ApiResult<T> ask(Requests& requests, const std::string& subject, const std::string& body,
                 std::chrono::milliseconds timeout, const Parse& parse) {
  auto reply = ask(requests, subject, body, timeout);
  if (!reply) return unanswered(std::move(reply.error()));
  return parse(reply->data());
}

}  // namespace

Delivered delivered_as(std::string_view acknowledgement) {
  constexpr int kShortForm = 8;  // dots
  const bool is_short = std::ranges::count(acknowledgement, '.') <= kShortForm;
  std::string_view rest = acknowledgement;
  for (int before = is_short ? 5 : 7; before > 0; --before) {
    rest.remove_prefix(std::min(rest.find('.'), rest.size() - 1) + 1);
  }
  const char* const end = rest.data() + rest.size();
  Delivered delivered;
  const auto [dot, error] = std::from_chars(rest.data(), end, delivered.sequence);
  if (error == std::errc() && dot != end) std::from_chars(dot + 1, end, delivered.number);
  return delivered;
}

bool is_full(ApiCode code) {
  switch (code) {
    case ApiCode::store_failed:
    case ApiCode::account_has_no_room:
    case ApiCode::server_has_no_room:
    case ApiCode::no_room_in_memory:
    case ApiCode::no_room_in_files:
      return true;
    default:
      return false;
  }
}

bool is_final(const ApiError& error) {
  switch (error.error.code) {
    case Errc::unavailable:
    case Errc::outcome_unknown:
    case Errc::version_conflict:
      return is_full(error.code);
    default:
      return error.code != ApiCode::duplicate_in_process && error.code != ApiCode::batch_repeats;
  }
}

ApiResult<ApiLevel> StreamApi::level(Timeout timeout) {
  // Of a cluster that has just started, not every server knows yet who has JetStream.
  constexpr int kTries = 3;
  constexpr Timeout kPause{250};
  for (int i = 1; i <= kTries; ++i) {
    if (i > 1) std::this_thread::sleep_for(kPause);
    auto reply = ask(requests_, concat(kApi, "INFO"), "", timeout);
    if (reply) return parse_level(reply->data());
    if (reply.error().code != Errc::not_found) return unanswered(std::move(reply.error()));
  }
  return std::unexpected(ApiError{
      .error = {.code = Errc::unsupported,
                .message = "the server has no JetStream: enable it, or connect to another one"}});
}

ApiResult<StreamInfo> StreamApi::info(Timeout timeout, bool with_deleted) {
  return ask<StreamInfo>(requests_, concat(kApi, "STREAM.INFO.", stream_),
                         with_deleted ? R"({"deleted_details":true})" : "", timeout,
                         parse_stream_info);
}

void StreamApi::info(Timeout timeout, Completion<StreamInfo> done) {
  requests_.send(
      {.subject = concat(kApi, "STREAM.INFO.", stream_), .timeout = timeout},
      [done = std::move(done)](Result<Message> reply) mutable {
        done(reply ? parse_stream_info(reply->data()) : unanswered(std::move(reply.error())));
      });
}

ApiResult<StreamInfo> StreamApi::create(const StreamConfig& config, ApiLevel level,
                                        Timeout timeout) {
  return ask<StreamInfo>(requests_, concat(kApi, "STREAM.CREATE.", stream_), to_json(config, level),
                         timeout, parse_stream_info);
}

void StreamApi::last(const std::string& subject, bool direct, Timeout timeout,
                     Completion<Found> done) {
  if (direct) return get_direct(concat(".", subject), "", timeout, std::move(done));
  get_from_leader(concat(R"({"last_by_subj":")", subject, "\"}"), timeout, std::move(done));
}

void StreamApi::next(const std::string& subject, std::uint64_t sequence, bool direct,
                     Timeout timeout, Completion<Found> done) {
  const std::string body = concat("{\"seq\":", sequence, R"(,"next_by_subj":")", subject, "\"}");
  if (direct) return get_direct("", body, timeout, std::move(done));
  get_from_leader(body, timeout, std::move(done));
}

void StreamApi::get_from_leader(const std::string& body, Timeout timeout, Completion<Found> done) {
  requests_.send(
      {.subject = concat(kApi, "STREAM.MSG.GET.", stream_), .data = body, .timeout = timeout},
      [done = std::move(done)](Result<Message> reply) mutable {
        done(reply ? parse_message(reply->data()) : unanswered(std::move(reply.error())));
      });
}

void StreamApi::get_direct(const std::string& suffix, const std::string& body, Timeout timeout,
                           Completion<Found> done) {
  requests_.send(
      {.subject = concat(kApi, "DIRECT.GET.", stream_, suffix), .data = body, .timeout = timeout},
      [done = std::move(done)](Result<Message> reply) mutable {
        if (!reply) return done(unanswered(std::move(reply.error())));
        if (reply->status() == 404) return done(Found{});
        if (reply->status() != 0) {
          return done(
              unanswered({.code = Errc::unavailable,
                          .message = concat("the stream cannot be read: ", reply->status_text())}));
        }
        done(Found{from_direct(*reply)});
      });
}

void StreamApi::batch(const std::string& subject, std::uint64_t sequence, std::size_t limit,
                      Timeout timeout, Completion<Batch> done) {
  const std::string body = concat("{\"seq\":", sequence, R"(,"next_by_subj":")", subject,
                                  R"(","batch":)", limit, ",\"max_bytes\":", kMaxBatchBytes, "}");
  struct Coming {
    Batch batch{};
    std::uint64_t last_sequence = 0;
    bool is_whole = true;

    /// Each message of a batch, and its end, names the one before it: nobody repeats what is lost.
    void follow(const Message& message, std::uint64_t sequence) {
      if (header_number(message, "Nats-Last-Sequence") != last_sequence) is_whole = false;
      last_sequence = sequence;
    }
  };
  auto coming = std::make_shared<Coming>();
  requests_.send(
      {.subject = concat(kApi, "DIRECT.GET.", stream_), .data = body, .timeout = timeout},
      [coming](const Message& message) {
        coming->batch.messages.push_back(from_direct(message));
        coming->follow(message, coming->batch.messages.back().sequence);
        // A server below 2.11 gives one message, and no end. Servers are of several versions while
        // they are upgraded, or taken back to what was there before.
        return message.header("Nats-Num-Pending").has_value();
      },
      [coming, done = std::move(done)](Result<Message> end) mutable {
        if (!end) return done(unanswered(std::move(end.error())));
        Batch* const batch = &coming->batch;
        if (end->status() == 0) {
          batch->is_last = false;
        } else if (end->status() == 404) {
          batch->is_last = true;
        } else if (end->status() == 204) {
          coming->follow(*end, 0);
          if (!coming->is_whole) return done(lost_a_part());
          batch->pending = header_number(*end, "Nats-Num-Pending");
          batch->is_last = batch->pending == 0;
        } else {
          return done(
              unanswered({.code = Errc::unavailable,
                          .message = concat("the stream cannot be read: ", end->status_text())}));
        }
        done(std::move(*batch));
      });
}

void StreamApi::make_consumer(const std::string& subject, std::uint64_t sequence, Timeout timeout,
                              Completion<ConsumerInfo> done) {
  create_consumer(concat(R"("deliver_policy":"by_start_sequence","opt_start_seq":)", sequence,
                         R"(,"filter_subject":")", subject,
                         "\",\"inactive_threshold\":", nanoseconds(kUnasked).count()),
                  timeout, std::move(done));
}

void StreamApi::make_feed(const std::string& pattern, const std::string& inbox, Timeout heartbeat,
                          Timeout timeout, Completion<ConsumerInfo> done) {
  create_consumer(concat(R"("deliver_policy":"last_per_subject","deliver_subject":")", inbox,
                         R"(","filter_subject":")", pattern,
                         "\",\"idle_heartbeat\":", nanoseconds(heartbeat).count()),
                  timeout, std::move(done));
}

/// One that nothing is acknowledged to, on one server, in its memory.
void StreamApi::create_consumer(const std::string& settings, Timeout timeout,
                                Completion<ConsumerInfo> done) {
  const std::string body =
      concat(R"({"stream_name":")", stream_, R"(","config":{)", settings,
             R"(,"ack_policy":"none","replay_policy":"instant","mem_storage":true,)",
             R"("num_replicas":1}})");
  requests_.send(
      {.subject = concat(kApi, "CONSUMER.CREATE.", stream_), .data = body, .timeout = timeout},
      [done = std::move(done)](Result<Message> reply) mutable {
        done(reply ? parse_consumer(reply->data()) : unanswered(std::move(reply.error())));
      });
}

void StreamApi::remove_consumer(const std::string& name) {
  requests_.send({.subject = concat(kApi, "CONSUMER.DELETE.", stream_, ".", name)},
                 [](const Result<Message>&) {});
}

void StreamApi::pull(const Pull& asked, Timeout timeout, Completion<Batch> done) {
  pull(asked, true, timeout, std::move(done));
}

void StreamApi::pull(const Pull& asked, bool is_limited, Timeout timeout, Completion<Batch> done) {
  const std::string body =
      concat("{\"batch\":", asked.count, ",\"no_wait\":true",
             is_limited ? concat(",\"max_bytes\":", kMaxBatchBytes) : std::string(), "}");
  struct Coming {
    Batch batch{};
    std::uint64_t delivered = 0;
    bool is_whole = true;
  };
  auto coming = std::make_shared<Coming>(Coming{.delivered = asked.delivered});
  coming->batch.messages.reserve(asked.count);
  requests_.send(
      {.subject = concat(kApi, "CONSUMER.MSG.NEXT.", stream_, ".", asked.consumer),
       .data = body,
       .timeout = timeout,
       .consumer = asked.consumer},
      [coming, count = asked.count](const Message& message) {
        const Delivered delivered = delivered_as(message.reply());
        if (delivered.number != ++coming->delivered) {  // nobody repeats what is lost
          coming->is_whole = false;
          return false;
        }
        auto& messages = coming->batch.messages;
        messages.push_back(from_consumer(message, delivered.sequence));
        return messages.size() < count;
      },
      [this, coming,
       one = Pull{.consumer = asked.consumer, .count = 1, .delivered = asked.delivered}, is_limited,
       timeout, done = std::move(done)](Result<Message> end) mutable {
        if (!end) return done(unanswered(std::move(end.error())));
        if (!coming->is_whole) return done(lost_a_part());
        if (coming->batch.messages.empty() && end->status() == kLimitReached && is_limited) {
          // The very first message has more bytes.
          return pull(one, false, timeout, std::move(done));
        }
        done(std::move(coming->batch));
      });
}

Result<void> StreamApi::publish_silently(std::string_view subject, std::span<const Header> headers,
                                         std::string_view body) {
  return transport_.publish({.subject = subject, .headers = headers, .data = body});
}

void StreamApi::publish(std::string_view subject, std::span<const Header> headers,
                        std::string_view body, Timeout timeout, Completion<Stored> done,
                        std::span<const std::string_view> completes) {
  requests_.send({.subject = subject,
                  .headers = headers,
                  .data = body,
                  .timeout = timeout,
                  .completes = completes,
                  .is_for_stream = true},
                 [done = std::move(done)](Result<Message> reply) mutable {
                   done(reply ? parse_stored(reply->data()) : failed(std::move(reply.error())));
                 });
}

}  // namespace aether::nats
