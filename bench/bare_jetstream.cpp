// SPDX-License-Identifier: Apache-2.0
#include "bare_jetstream.hpp"

#include "aether/core/envelope.hpp"
#include "libnats.hpp"
#include "made_events.hpp"

#include <atomic>
#include <charconv>
#include <utility>

namespace aether::bench {
namespace {

constexpr std::int64_t kPatienceMs = 20'000;
constexpr std::uint64_t kAtOnce = 16'384;  // messages between two looks at the clock
constexpr std::uint64_t kFewAtOnce = 20;
constexpr auto kExpectedSequence = "Nats-Expected-Last-Subject-Sequence";

Result<LibnatsMessage> make_message(const std::string& subject, const std::string& body) {
  natsMsg* made = nullptr;
  const natsStatus status =
      natsMsg_Create(&made, subject.c_str(), nullptr, body.data(), static_cast<int>(body.size()));
  if (status != NATS_OK) return libnats_error("making a message", status);
  return LibnatsMessage(made);
}

std::vector<std::string> subjects_of(const FreshStream& stream) {
  std::vector<std::string> subjects;
  for (const auto& id : actor_ids()) subjects.push_back(stream.subject_of(id));
  return subjects;
}

/// Publishes with libnats' own JetStream calls.
class AsyncPublisher {
 public:
  static Result<std::unique_ptr<AsyncPublisher>> make(natsConnection* connection,
                                                      std::vector<std::string> subjects) {
    auto made = std::make_unique<AsyncPublisher>();
    made->subjects_ = std::move(subjects);
    jsOptions options;
    jsOptions_Init(&options);
    options.PublishAsync.MaxPending = kReferenceWindow;
    options.PublishAsync.StallWait = kPatienceMs;
    options.PublishAsync.ErrHandler = on_error;
    options.PublishAsync.ErrHandlerClosure = made.get();
    jsCtx* context = nullptr;
    const natsStatus status = natsConnection_JetStream(&context, connection, &options);
    if (status != NATS_OK) return libnats_error("making a JetStream context", status);
    made->context_.reset(context);
    return made;
  }

  bool publish(std::uint64_t count) {
    for (const std::uint64_t end = published_ + count; published_ < end; ++published_) {
      jsPubOptions options;
      jsPubOptions_Init(&options);
      options.ExpectNoMessage = published_ < subjects_.size();
      if (!options.ExpectNoMessage) {
        options.ExpectLastSubjectSeq = published_ - subjects_.size() + 1;
      }
      auto message = make_message(subjects_[published_ % subjects_.size()], body_);
      if (!message) return false;
      natsMsg* given = message->release();
      if (js_PublishMsgAsync(context_.get(), &given, &options) != NATS_OK) return false;
    }
    jsPubOptions options;
    jsPubOptions_Init(&options);
    options.MaxWait = kPatienceMs;
    return js_PublishAsyncComplete(context_.get(), &options) == NATS_OK && !refused_;
  }

 private:
  static void on_error(jsCtx* /*context*/, jsPubAckErr* /*error*/, void* closure) {
    static_cast<AsyncPublisher*>(closure)->refused_ = true;
  }

  const std::string body_ = envelope_of_200_bytes();
  std::vector<std::string> subjects_;
  std::uint64_t published_ = 0;
  std::atomic<bool> refused_{false};
  std::unique_ptr<jsCtx, Destroyer<jsCtx_Destroy>> context_;
};

/// Publishes and waits, for one acknowledgement at a time.
class SinglePublisher {
 public:
  SinglePublisher(natsConnection* connection, std::vector<std::string> subjects)
      : connection_(connection), subjects_(std::move(subjects)), sequences_(subjects_.size()) {}

  Result<void> publish() {
    const std::size_t actor = published_++ % subjects_.size();
    auto message = make_message(subjects_[actor], body_);
    if (!message) return std::unexpected(std::move(message.error()));
    const std::string expected = std::to_string(sequences_[actor]);
    natsMsgHeader_Set(message->get(), kExpectedSequence, expected.c_str());
    const auto reply = libnats_request(connection_, message->get());
    if (!reply) return std::unexpected(reply.error());
    const auto sequence =
        sequence_in({natsMsg_GetData(reply->get()),
                     static_cast<std::size_t>(natsMsg_GetDataLength(reply->get()))});
    if (!sequence) return std::unexpected(sequence.error());
    sequences_[actor] = *sequence;
    return {};
  }

 private:
  const std::string body_ = envelope_of_200_bytes();
  natsConnection* connection_;
  std::vector<std::string> subjects_;
  std::vector<std::uint64_t> sequences_;
  std::uint64_t published_ = 0;
};

/// One atomic batch of an actor that nobody else writes.
Result<void> publish_batch(natsConnection* connection, const std::string& subject,
                           const std::string& body, std::uint64_t number, std::size_t events) {
  const std::string id = "batch-" + std::to_string(number);
  for (std::size_t i = 1; i <= events; ++i) {
    auto message = make_message(subject, body);
    if (!message) return std::unexpected(std::move(message.error()));
    natsMsgHeader_Set(message->get(), "Nats-Batch-Id", id.c_str());
    natsMsgHeader_Set(message->get(), "Nats-Batch-Sequence", std::to_string(i).c_str());
    if (i == 1) {
      const std::string expected = std::to_string(number * events);
      natsMsgHeader_Set(message->get(), kExpectedSequence, expected.c_str());
    }
    if (i < events) {
      const natsStatus status = natsConnection_PublishMsg(connection, message->get());
      if (status != NATS_OK) return libnats_error("publishing", status);
      continue;
    }
    natsMsgHeader_Set(message->get(), "Nats-Batch-Commit", "1");
    const auto reply = libnats_request(connection, message->get());
    if (!reply) return std::unexpected(reply.error());
    const auto sequence =
        sequence_in({natsMsg_GetData(reply->get()),
                     static_cast<std::size_t>(natsMsg_GetDataLength(reply->get()))});
    if (!sequence) return std::unexpected(sequence.error());
  }
  return {};
}

std::uint64_t header_number(natsMsg* message, const char* name) {
  const char* text = nullptr;
  std::uint64_t number = 0;
  if (natsMsgHeader_Get(message, name, &text) == NATS_OK) {
    const std::string_view digits = text;
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
  }
  return number;
}

/// Reads a subject's messages by batch direct gets, through one subscription.
class BatchReader {
 public:
  static Result<BatchReader> make(natsConnection* connection, const std::string& stream,
                                  std::string subject) {
    BatchReader reader;
    reader.connection_ = connection;
    reader.subject_ = std::move(subject);
    reader.api_ = "$JS.API.DIRECT.GET." + stream;
    natsSubscription* subscription = nullptr;
    natsStatus status =
        natsConnection_SubscribeSync(&subscription, connection, reader.inbox_.c_str());
    reader.subscription_.reset(subscription);
    if (status == NATS_OK) status = natsSubscription_SetPendingLimits(subscription, -1, -1);
    if (status != NATS_OK) return libnats_error("subscribing", status);
    return reader;
  }

  /// How many there are.
  Result<std::size_t> read_all() {
    std::size_t count = 0;
    std::uint64_t sequence = 1;
    for (bool more = true; more;) {
      const std::string body = "{\"seq\":" + std::to_string(sequence) + R"(,"next_by_subj":")" +
                               subject_ + R"(","batch":)" + std::to_string(kMessagesABatch) +
                               R"(,"max_bytes":8388608})";
      natsStatus status = natsConnection_PublishRequest(connection_, api_.c_str(), inbox_.c_str(),
                                                        body.data(), static_cast<int>(body.size()));
      LibnatsMessage last;
      for (bool is_end = false; status == NATS_OK && !is_end;) {
        natsMsg* next = nullptr;
        status = natsSubscription_NextMsg(&next, subscription_.get(), kPatienceMs);
        LibnatsMessage message(next);
        if (status != NATS_OK) break;
        is_end = natsMsg_GetDataLength(next) == 0;  // "204 EOB"
        if (is_end) {
          more = header_number(next, "Nats-Num-Pending") > 0;
        } else {
          ++count;
          last = std::move(message);
        }
      }
      if (status != NATS_OK) return libnats_error("reading", status);
      if (more) sequence = header_number(last.get(), "Nats-Sequence") + 1;
    }
    return count;
  }

 private:
  natsConnection* connection_ = nullptr;
  std::string subject_;
  std::string api_;
  std::string inbox_ = "_INBOX.bare";
  LibnatsSubscription subscription_;
};

}  // namespace

std::string envelope_of_200_bytes() {
  return encode_envelope(completed(order_of_200_bytes("order-100", 1, 1)));
}

Probe bare_async_appends(JetStreamServerPtr server) {
  return [server = std::move(server)](const Budget& budget) -> Result<Sample> {
    const auto stream = FreshStream::make(*server);
    if (!stream) return std::unexpected(stream.error());
    const auto connection = libnats_connect(server->url(), false);
    if (!connection) return std::unexpected(connection.error());
    const auto publisher = AsyncPublisher::make(connection->get(), subjects_of(**stream));
    if (!publisher) return std::unexpected(publisher.error());
    bool good = (*publisher)->publish(kActors);
    Meter meter(budget);
    while (good && meter.wants_more()) {
      meter.time(kAtOnce, [&] { good = (*publisher)->publish(kAtOnce); });
    }
    if (!good) return fail(Errc::unavailable, "libnats could not publish all");
    return meter.sample();
  };
}

Probe bare_single_appends(JetStreamServerPtr server) {
  return [server = std::move(server)](const Budget& budget) -> Result<Sample> {
    const auto stream = FreshStream::make(*server);
    if (!stream) return std::unexpected(stream.error());
    const auto connection = libnats_connect(server->url(), true);
    if (!connection) return std::unexpected(connection.error());
    SinglePublisher publisher(connection->get(), subjects_of(**stream));
    Result<void> done = publisher.publish();
    Meter meter(budget);
    while (done && meter.wants_more()) {
      meter.time(kFewAtOnce, [&] {
        for (std::uint64_t i = 0; done && i < kFewAtOnce; ++i) done = publisher.publish();
      });
    }
    if (!done) return std::unexpected(std::move(done.error()));
    return meter.sample();
  };
}

Probe bare_atomic_batches(JetStreamServerPtr server, std::size_t events) {
  return [server = std::move(server), events](const Budget& budget) -> Result<Sample> {
    const auto stream = FreshStream::make(*server);
    if (!stream) return std::unexpected(stream.error());
    const auto connection = libnats_connect(server->url(), true);
    if (!connection) return std::unexpected(connection.error());
    const std::string subject = (*stream)->subject_of("order-100");
    const std::string body = envelope_of_200_bytes();
    Result<void> done{};
    Meter meter(budget);
    for (std::uint64_t n = 0; done && meter.wants_more(); ++n) {
      meter.time(events,
                 [&] { done = publish_batch(connection->get(), subject, body, n, events); });
    }
    if (!done) return std::unexpected(std::move(done.error()));
    return meter.sample();
  };
}

Probe bare_batch_reads(JetStreamServerPtr server, std::string stream, std::string subject,
                       std::size_t count) {
  return [server = std::move(server), stream = std::move(stream), subject = std::move(subject),
          count](const Budget& budget) -> Result<Sample> {
    const auto connection = libnats_connect(server->url(), true);
    if (!connection) return std::unexpected(connection.error());
    auto reader = BatchReader::make(connection->get(), stream, subject);
    if (!reader) return std::unexpected(std::move(reader.error()));
    Result<std::size_t> found = reader->read_all();
    Meter meter(budget);
    while (found && *found == count && meter.wants_more()) {
      meter.time(1, [&] { found = reader->read_all(); });
    }
    if (!found) return std::unexpected(std::move(found.error()));
    if (*found != count) return fail(Errc::corrupt, "a read gave a wrong number of messages");
    return meter.sample();
  };
}

Probe bare_last_messages(JetStreamServerPtr server, std::string stream,
                         std::vector<std::string> subjects) {
  return [server = std::move(server), stream = std::move(stream),
          subjects = std::move(subjects)](const Budget& budget) -> Result<Sample> {
    const auto connection = libnats_connect(server->url(), true);
    if (!connection) return std::unexpected(connection.error());
    Result<void> done{};
    const auto get = [&](std::uint64_t n) -> Result<void> {
      const auto reply =
          libnats_request(connection->get(),
                          "$JS.API.DIRECT.GET." + stream + "." + subjects[n % subjects.size()], "");
      if (!reply) return std::unexpected(reply.error());
      if (natsMsg_GetDataLength(reply->get()) > 0) return {};
      return fail(Errc::not_found, "a subject has no message");
    };
    Meter meter(budget);
    for (std::uint64_t n = 0; done && meter.wants_more(); n += kFewAtOnce) {
      meter.time(kFewAtOnce, [&] {
        for (std::uint64_t i = n; done && i < n + kFewAtOnce; ++i) done = get(i);
      });
    }
    if (!done) return std::unexpected(std::move(done.error()));
    return meter.sample();
  };
}

}  // namespace aether::bench
