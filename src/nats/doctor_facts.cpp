// SPDX-License-Identifier: Apache-2.0
#include "nats/doctor_facts.hpp"

#include "core/text.hpp"
#include "nats/api_json.hpp"
#include "nats/session.hpp"
#include "nats/stream_config.hpp"
#include "nats/subjects.hpp"

#include <atomic>
#include <memory>
#include <span>
#include <utility>

namespace aether::nats {

namespace {

constexpr int kClockReadings = 3;  // the one with the shortest round trip counts

// An actor that nobody has: what is sent there is never stored.
constexpr std::string_view kNobody = "aether-doctor";

class Gathering {
 public:
  Gathering(Connection& connection, const Namespace& ns, const ExamineOptions& options)
      : session_(Session::of(connection)),
        ns_(ns),
        options_(options),
        clock_(options.clock != nullptr ? *options.clock : system_clock()),
        events_(session_.transport(), session_.requests(), event_stream_name(ns)),
        snapshots_(session_.transport(), session_.requests(),
                   stream_name(StreamKind::snapshots, ns)) {}

  Result<Facts> run() {
    switch (session_.status()) {
      case ConnectionStatus::closed:
        return fail(Errc::closed, "The connection to the NATS server was closed: connect anew.");
      case ConnectionStatus::reconnecting:
        return fail(Errc::unavailable, "There is no connection to a NATS server: try again later.");
      case ConnectionStatus::connected:
        break;
    }
    auto server = session_.server();
    if (!server) return std::unexpected(std::move(server.error()));
    facts_.server = std::move(*server);
    facts_.max_payload = session_.max_payload();
    facts_.limits = options_.limits;
    for (const std::string& json : options_.monitoring) {
      facts_.servers.push_back(parse_server_sync(json));
    }
    facts_.account = account();
    if (!facts_.account) return std::move(facts_);
    listen();
    facts_.events = events_.info(options_.timeout);
    facts_.snapshots = snapshots_.info(options_.timeout);
    if (facts_.events) {
      probe_reading();
      probe_appending();
      read_clock();
    }
    facts_.now = facts_.events && facts_.events->server_time != kNoTimestamp
                     ? facts_.events->server_time
                     : clock_.now();
    ask_for_rights();
    facts_.hears = !deaf_->load();  // the server's word of that came long before these answers
    return std::move(facts_);
  }

 private:
  Result<Message> ask(const std::string& subject, std::string_view body = {}) {
    return session_.requests().request(
        {.subject = subject, .data = body, .timeout = options_.timeout});
  }

  ApiResult<AccountInfo> account() {
    const auto level = events_.level(options_.timeout);  // knows what no answer means
    if (!level) return std::unexpected(level.error());
    auto reply = ask("$JS.API.INFO");
    if (!reply) return std::unexpected(ApiError{.error = std::move(reply.error())});
    return parse_account(reply->data());
  }

  /// As a subscription does it.
  void listen() {
    const std::string subjects = event_stream_subjects(ns_);
    denials_ = session_.transport().listen([deaf = deaf_, subjects](const LinkEvent& event) {
      if (event.kind == LinkEvent::Kind::denied && event.is_subscription &&
          subjects.starts_with(event.subject)) {
        deaf->store(true);
      }
    });
    auto hints = session_.transport().subscribe(subjects, "", [](const Message&) {});
    if (hints) hints_ = std::move(*hints);
    static_cast<void>(session_.transport().flush(options_.timeout).has_value());
  }

  /// Asks, and keeps the subject where that is not allowed. Gives the reply.
  Result<Message> probe(const std::string& subject, std::string_view body = {}) {
    auto reply = ask(subject, body);
    if (!reply && reply.error().code == Errc::permission_denied) facts_.denied.push_back(subject);
    return reply;
  }

  void probe_reading() {
    const std::string stream = event_stream_name(ns_);
    const std::string subject = event_subject(ns_, kNobody);
    static_cast<void>(probe(concat("$JS.API.STREAM.MSG.GET.", stream),
                            concat(R"({"last_by_subj":")", subject, "\"}"))
                          .has_value());
    const bool direct = facts_.events->config.allow_direct;
    if (direct) {
      static_cast<void>(probe(concat("$JS.API.DIRECT.GET.", stream, ".", subject)).has_value());
    }
    if (direct && facts_.account->level >= kBatchGetLevel) {
      static_cast<void>(probe(concat("$JS.API.DIRECT.GET.", stream),
                              concat(R"({"seq":1,"next_by_subj":")", subject, R"(","batch":1})"))
                            .has_value());
    } else {
      probe_consumer(stream);
    }
  }

  /// One that is made for a read, and ended. It tells the time, too, which old servers do nowhere
  /// else.
  void probe_consumer(const std::string& stream) {
    const std::string body =
        concat(R"({"stream_name":")", stream, R"(","config":{"deliver_policy":"new",)",
               R"("ack_policy":"none","replay_policy":"instant","mem_storage":true,)",
               R"("num_replicas":1,"inactive_threshold":1000000000}})");
    const Timestamp before = clock_.now();
    const auto reply = probe(concat("$JS.API.CONSUMER.CREATE.", stream), body);
    const Timestamp after = clock_.now();
    const auto consumer = reply ? parse_consumer(reply->data()) : ApiResult<ConsumerInfo>();
    if (!reply || !consumer) return;
    take_clock(before, after, consumer->created);
    static_cast<void>(probe(concat("$JS.API.CONSUMER.MSG.NEXT.", stream, ".", consumer->name),
                            R"({"batch":1,"no_wait":true})")
                          .has_value());
    static_cast<void>(
        probe(concat("$JS.API.CONSUMER.DELETE.", stream, ".", consumer->name)).has_value());
  }

  /// By a message that every server refuses: it is for a stream that is not the subject's.
  void probe_appending() {
    const Header elsewhere{.name = "Nats-Expected-Stream", .value = kNobody};
    auto reply = session_.requests().request({.subject = event_subject(ns_, kNobody),
                                              .headers = std::span(&elsewhere, 1),
                                              .data = {},
                                              .timeout = options_.timeout});
    if (!reply) {
      facts_.append = std::unexpected(std::move(reply.error()));
      return;
    }
    const auto stored = parse_stored(reply->data());
    if (!stored && stored.error().code == ApiCode::wrong_stream) {
      facts_.append = Result<void>();
    } else {
      facts_.append = std::unexpected(
          stored ? Error{.code = Errc::corrupt,
                         .message = "the server has stored what was not for the stream"}
                 : stored.error().error);
    }
  }

  void read_clock() {
    for (int i = 0; i < kClockReadings; ++i) {
      const Timestamp before = clock_.now();
      const auto info = events_.info(options_.timeout);
      const Timestamp after = clock_.now();
      if (!info || info->server_time == kNoTimestamp) return;
      take_clock(before, after, info->server_time);
    }
  }

  void take_clock(Timestamp before, Timestamp after, Timestamp theirs) {
    if (theirs == kNoTimestamp) return;
    const auto uncertainty = (after - before) / 2;
    if (facts_.clock && facts_.clock->uncertainty <= uncertainty) return;
    facts_.clock = {.ahead = theirs - (before + uncertainty), .uncertainty = uncertainty};
  }

  void ask_for_rights() {
    const auto reply = ask("$SYS.REQ.USER.INFO");
    if (!reply || reply->status() != 0) return;  // an old server, or not allowed
    if (auto rights = parse_user_rights(reply->data())) facts_.rights = std::move(*rights);
  }

  Session& session_;
  const Namespace& ns_;
  const ExamineOptions& options_;
  const Clock& clock_;
  StreamApi events_;
  StreamApi snapshots_;
  Facts facts_;
  std::shared_ptr<std::atomic<bool>> deaf_ = std::make_shared<std::atomic<bool>>(false);
  std::unique_ptr<Handle> denials_;
  std::unique_ptr<Handle> hints_;
};

}  // namespace

Result<Facts> gather_facts(Connection& connection, const Namespace& ns,
                           const ExamineOptions& options) {
  return Gathering(connection, ns, options).run();
}

}  // namespace aether::nats
