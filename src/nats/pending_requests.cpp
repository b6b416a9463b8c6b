// SPDX-License-Identifier: Apache-2.0
#include "nats/pending_requests.hpp"

#include "core/text.hpp"

#include <algorithm>
#include <charconv>
#include <system_error>
#include <utility>

namespace aether::nats {
namespace {

constexpr int kNoResponders = 503;

// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): of one thread
thread_local int completing = 0;

class Completing {
 public:
  Completing() { ++completing; }
  ~Completing() { --completing; }
  Completing(const Completing&) = delete;
  Completing& operator=(const Completing&) = delete;
};

Error unknown(std::string_view subject, std::string_view why) {
  return {.code = Errc::outcome_unknown,
          .message = concat("The request to ", quoted(subject), " was sent, and ", why,
                            ": it may or may not have been done.")};
}

Error no_responders(std::string_view subject) {
  return {.code = Errc::not_found,
          .message = concat("Nobody answers requests to ", quoted(subject),
                            ": is what should answer there, and does it run?")};
}

/// The consumer's name in "$JS.ACK.<stream>.<consumer>.<five more>", where newer servers have a
/// domain and an account's hash before the stream.
std::string_view consumer_of(std::string_view acknowledgement) {
  constexpr std::string_view kPrefix = "$JS.ACK.";
  constexpr auto kShortForm = 8;  // dots
  if (!acknowledgement.starts_with(kPrefix)) return {};
  const bool is_short = std::ranges::count(acknowledgement, '.') <= kShortForm;
  for (int before = is_short ? 3 : 5; before > 0; --before) {
    acknowledgement.remove_prefix(std::min(acknowledgement.find('.'), acknowledgement.size() - 1) +
                                  1);
  }
  return acknowledgement.substr(0, acknowledgement.find('.'));
}

bool is_denied(const LinkEvent& event, std::string_view subject) {
  return event.is_subject_cut ? subject.starts_with(event.subject) : subject == event.subject;
}

/// The one of the request's subjects that is denied; null: none.
const std::string* denied_subject(const LinkEvent& event, const PendingRequests::Pending& request) {
  if (is_denied(event, request.subject)) return &request.subject;
  const auto found = std::ranges::find_if(
      request.completes, [&](const std::string& subject) { return is_denied(event, subject); });
  return found != request.completes.end() ? &*found : nullptr;
}

}  // namespace

bool PendingRequests::is_completing() { return completing > 0; }

void PendingRequests::complete(Pending& request, Result<Message> result) {
  const Completing here;
  request.done(std::move(result));
}

std::optional<PendingRequests::Added> PendingRequests::add(Pending request, bool may_be_bulk) {
  std::optional<Error> refusal;
  Lock lock(mutex_);
  if (is_closed_) {
    refusal = {.code = Errc::closed, .message = "The connection was closed: connect anew."};
  } else if (!inbox_denied_.empty()) {
    refusal = {
        .code = Errc::permission_denied,
        .message = concat("No request can be sent, for its reply would not come (", inbox_denied_,
                          "): choose an inbox prefix that the user may subscribe to.")};
  } else if (table_.size() >= Requests::kMaxInFlight) {
    refusal = {.code = Errc::unavailable,
               .message = concat(table_.size(),
                                 " requests wait for a reply already, so this one was not sent: "
                                 "try again later.")};
  }
  if (refusal) {
    lock.unlock();
    complete(request, std::unexpected(std::move(*refusal)));
    return std::nullopt;
  }
  const Token token = ++last_token_;
  const bool in_bulk = may_be_bulk && table_.size() >= Requests::kMany;
  request.in_bulk = in_bulk;
  request.deadline = std::chrono::steady_clock::now() + request.timeout;
  push_deadline({.time = request.deadline, .token = token});
  const bool is_earliest = deadlines_.front().token == token;
  if (!request.consumer.empty()) consumers_.insert_or_assign(request.consumer, token);
  table_.emplace(token, std::move(request));
  lock.unlock();
  if (is_earliest) earlier_.notify_one();
  return Added{.token = token, .in_bulk = in_bulk};
}

bool PendingRequests::take_out_of_bulk(Token token) {
  const Lock lock(mutex_);
  const auto found = table_.find(token);
  if (found == table_.end()) return false;
  found->second.in_bulk = false;
  return true;
}

PendingRequests::Table::node_type PendingRequests::take(Table::const_iterator request) {
  if (!request->second.consumer.empty()) consumers_.erase(request->second.consumer);
  return table_.extract(request);
}

void PendingRequests::fail(Token token, Error error) {
  Lock lock(mutex_);
  const auto found = table_.find(token);
  if (found == table_.end()) return;
  auto taken = take(found);
  lock.unlock();
  complete(taken.mapped(), std::unexpected(std::move(error)));
}

PendingRequests::Token PendingRequests::token_of(const Message& message) const {
  const std::string_view subject = message.subject();
  if (!subject.starts_with(inbox_)) {
    const auto found = consumers_.find(std::string(consumer_of(message.reply())));
    return found == consumers_.end() ? 0 : found->second;
  }
  Token token = 0;
  const char* const last = subject.data() + subject.size();
  const auto [end, error] = std::from_chars(subject.data() + inbox_.size(), last, token);
  return error == std::errc() && end == last ? token : 0;
}

void PendingRequests::on_reply(Message message) {
  const int status = message.status();
  Lock lock(mutex_);
  const Token token = token_of(message);
  const auto found = table_.find(token);
  if (found == table_.end()) return;  // too late, or not ours
  if (found->second.each && status == 0) {
    return on_next_reply(lock, token, found->second, std::move(message));
  }
  auto taken = take(found);
  lock.unlock();
  if (status == kNoResponders) {
    const Error nobody = no_responders(taken.mapped().subject);
    return complete(taken.mapped(), std::unexpected(nobody));
  }
  complete(taken.mapped(), std::move(message));
}

void PendingRequests::on_next_reply(Lock& lock, Token token, Pending& request, Message message) {
  request.is_busy = true;  // so that nobody takes it out, and the reference holds
  lock.unlock();
  bool more = false;
  {
    const Completing here;
    more = request.each(message);
  }
  lock.lock();
  request.is_busy = false;
  if (more && !request.ending) {
    request.deadline = std::chrono::steady_clock::now() + request.timeout;
    return;
  }
  auto taken = take(table_.find(token));
  lock.unlock();
  Pending& ended = taken.mapped();
  if (more) return complete(ended, std::unexpected(std::move(*ended.ending)));
  complete(ended, std::move(message));
}

template <class Predicate, class ErrorOf>
void PendingRequests::end_all(Lock& lock, Predicate is_ended, ErrorOf error_of) {
  std::vector<Table::node_type> taken;
  for (auto next = table_.begin(); next != table_.end();) {
    const auto request = next++;
    if (!is_ended(request->second)) continue;
    if (request->second.is_busy) {
      if (!request->second.ending) request->second.ending = error_of(request->second);
    } else {
      taken.push_back(take(request));
    }
  }
  lock.unlock();
  for (auto& node : taken) complete(node.mapped(), std::unexpected(error_of(node.mapped())));
}

void PendingRequests::on_event(const LinkEvent& event) {
  const auto any = [](const Pending&) { return true; };
  Lock lock(mutex_);
  switch (event.kind) {
    case LinkEvent::Kind::disconnected:
    case LinkEvent::Kind::closed:
      return end_all(lock, any, [](const Pending& request) {
        return unknown(request.subject, "then the connection was lost");
      });
    case LinkEvent::Kind::reconnected:
      inbox_denied_.clear();  // the rights may be others now; if not, we shall be told
      return;
    case LinkEvent::Kind::denied:
      break;
    default:
      return;
  }
  if (!event.is_subscription) {
    return end_all(
        lock, [&](const Pending& request) { return denied_subject(event, request) != nullptr; },
        [&](const Pending& request) {
          return Error{
              .code = Errc::permission_denied,
              .message = concat("The user may not send to ",
                                quoted(*denied_subject(event, request)), " (", event.text, ").")};
        });
  }
  if (!is_denied(event, inbox_ + "*")) return;
  inbox_denied_ = event.text;
  end_all(lock, any, [](const Pending& request) {
    return unknown(request.subject,
                   "its reply will not come, for the user may not subscribe to it");
  });
}

void PendingRequests::on_bulk_event(const LinkEvent& event) {
  switch (event.kind) {
    case LinkEvent::Kind::disconnected:
    case LinkEvent::Kind::closed: {
      Lock lock(mutex_);
      return end_all(
          lock, [](const Pending& request) { return request.in_bulk; },
          [](const Pending& request) {
            return unknown(request.subject, "then the connection was lost");
          });
    }
    case LinkEvent::Kind::denied:
      return on_event(event);
    default:
      return;
  }
}

void PendingRequests::close() {
  Lock lock(mutex_);
  is_closed_ = true;
  end_all(
      lock, [](const Pending&) { return true; },
      [](const Pending& request) {
        return unknown(request.subject, "the connection was closed before a reply came");
      });
  earlier_.notify_one();
}

void PendingRequests::push_deadline(Deadline deadline) {
  // A table that is much smaller than the heap: most of it is about requests that have ended.
  constexpr std::size_t kWorthIt = 1'024;
  if (deadlines_.size() > kWorthIt && deadlines_.size() > 2 * table_.size()) {
    std::erase_if(deadlines_, [&](const Deadline& one) { return !table_.contains(one.token); });
    std::ranges::make_heap(deadlines_, std::greater{});
  }
  deadlines_.push_back(deadline);
  std::ranges::push_heap(deadlines_, std::greater{});
}

PendingRequests::Deadline PendingRequests::pop_deadline() {
  std::ranges::pop_heap(deadlines_, std::greater{});
  const Deadline deadline = deadlines_.back();
  deadlines_.pop_back();
  return deadline;
}

// What still runs but has got a later deadline meanwhile, by a reply, is put back.
std::vector<PendingRequests::Table::node_type> PendingRequests::take_expired(Time now) {
  std::vector<Table::node_type> expired;
  while (!deadlines_.empty()) {
    const Deadline first = deadlines_.front();
    const auto found = table_.find(first.token);
    if (found != table_.end() && first.time > now) break;
    pop_deadline();
    if (found == table_.end()) continue;
    Pending& request = found->second;
    if (request.is_busy) request.deadline = now + request.timeout;  // working is not silence
    if (request.deadline > now) {
      push_deadline({.time = request.deadline, .token = first.token});
    } else {
      expired.push_back(take(found));
    }
  }
  return expired;
}

void PendingRequests::run_timer() {
  Lock lock(mutex_);
  while (!is_closed_) {
    auto expired = take_expired(std::chrono::steady_clock::now());
    if (!expired.empty()) {
      lock.unlock();
      for (auto& node : expired) {
        Pending& request = node.mapped();
        complete(request,
                 std::unexpected(unknown(request.subject, concat("no reply came within ",
                                                                 request.timeout.count(), " ms"))));
      }
      expired.clear();
      lock.lock();
    } else if (deadlines_.empty()) {
      earlier_.wait(lock);
    } else {
      earlier_.wait_until(lock, Time(deadlines_.front().time));
    }
  }
}

std::size_t PendingRequests::size() const {
  const std::scoped_lock lock(mutex_);
  return table_.size();
}

}  // namespace aether::nats
