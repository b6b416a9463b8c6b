// SPDX-License-Identifier: Apache-2.0
#include "nats/requests.hpp"

#include "aether/core/uuid.hpp"
#include "core/text.hpp"
#include "nats/pending_requests.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <condition_variable>
#include <mutex>
#include <utility>

namespace aether::nats {
namespace {

// Nobody else can guess it, so nobody else can reply.
std::string unique_token() {
  std::string token = make_uuid_v7();
  std::erase(token, '-');
  return token;
}

}  // namespace

Result<std::unique_ptr<Requests>> Requests::make(Transport& transport, const Options& options) {
  const std::string inbox = concat(options.inbox_prefix, ".", unique_token(), ".");
  // NOLINTNEXTLINE(cppcoreguidelines-owning-memory): its constructor is private
  std::unique_ptr<Requests> requests(new Requests(transport, options, inbox));
  requests->listening_ = transport.listen(
      [pending = requests->pending_](const LinkEvent& event) { pending->on_event(event); });
  if (options.bulk != nullptr) {
    requests->listening_to_bulk_ = options.bulk->listen(
        [pending = requests->pending_](const LinkEvent& event) { pending->on_bulk_event(event); });
  }
  auto subscription = transport.subscribe(
      inbox + "*", "",
      [pending = requests->pending_](Message message) { pending->on_reply(std::move(message)); });
  if (!subscription) return std::unexpected(std::move(subscription.error()));
  requests->subscription_ = std::move(*subscription);
  // Where the inbox is forbidden that is known before the first request is sent, nearly always.
  if (auto ok = transport.flush(options.timeout); !ok && ok.error().code == Errc::closed) {
    return std::unexpected(std::move(ok.error()));
  }
  return requests;
}

Requests::Requests(Transport& transport, const Options& options, std::string inbox)
    : transport_(transport),
      bulk_(options.bulk),
      timeout_(options.timeout),
      inbox_(std::move(inbox)),
      pending_(std::make_shared<PendingRequests>(inbox_)),
      timer_([pending = pending_] { pending->run_timer(); }) {}

Requests::~Requests() {
  close();
  if (timer_.get_id() == std::this_thread::get_id()) {
    timer_.detach();  // within a completion; the thread ends after it, and needs only `pending_`
  } else {
    timer_.join();
  }
}

void Requests::close() { pending_->close(); }

void Requests::send(const Request& request, Completion done) {
  send(request, EachReply{}, std::move(done));
}

void Requests::send(const Request& request, EachReply each, Completion done) {
  const auto timeout = request.timeout.count() > 0 ? request.timeout : timeout_;
  const bool may_be_bulk = bulk_ != nullptr && request.is_for_stream && request.completes.empty();
  // The completion may destroy this object.
  const auto pending = pending_;
  const auto added =
      pending->add({.subject = std::string(request.subject),
                    .consumer = std::string(request.consumer),
                    .completes = {request.completes.begin(), request.completes.end()},
                    .timeout = timeout,
                    .each = std::move(each),
                    .done = std::move(done)},
                   may_be_bulk);
  if (!added) return;
  const std::string reply = concat(inbox_, added->token);
  const Outgoing message{
      .subject = request.subject, .reply = reply, .headers = request.headers, .data = request.data};
  if (added->in_bulk) {
    if (bulk_->publish(message)) return;
    // That connection is lost, or closed: no server has it. The other one may be there.
    if (!pending->take_out_of_bulk(added->token)) return;
  }
  if (auto sent = transport_.publish(message); !sent) {
    pending->fail(added->token, std::move(sent.error()));
  }
}

void Requests::after(std::chrono::milliseconds delay, std::move_only_function<void()> action) {
  // A request that nobody is asked, and whose time runs out.
  [[maybe_unused]] const auto added = pending_->add(
      {.subject = {},
       .consumer = {},
       .completes = {},
       .timeout = delay,
       .each = {},
       .done = [action = std::move(action)](const Result<Message>&) mutable { action(); }},
      false);
}

Result<Message> Requests::request(const Request& request) {
  if (PendingRequests::is_completing()) {
    return fail(Errc::invalid_argument,
                "A completion waits for another request, whose reply would have to wait for it: "
                "use send there.");
  }
  std::mutex mutex;
  std::condition_variable completed;
  Result<Message> outcome = fail(Errc::outcome_unknown, "");
  bool is_completed = false;
  send(request, [&](Result<Message> result) {
    const std::scoped_lock lock(mutex);
    outcome = std::move(result);
    is_completed = true;
    completed.notify_one();
  });
  std::unique_lock lock(mutex);
  completed.wait(lock, [&] { return is_completed; });
  return outcome;
}

std::size_t Requests::in_flight() const { return pending_->size(); }

}  // namespace aether::nats
