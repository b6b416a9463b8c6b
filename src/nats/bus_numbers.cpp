// SPDX-License-Identifier: Apache-2.0
#include "nats/bus_numbers.hpp"

#include "aether/core/uuid.hpp"
#include "core/text.hpp"

#include <algorithm>
#include <charconv>
#include <system_error>
#include <utility>

namespace aether::nats {

namespace {

constexpr std::string_view kReplyPrefix = "aether.from.";
constexpr std::size_t kMaxLeftOut = 1'024;

/// The number before the next dot, or the end; takes it away from the text.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t number = 0;
  const std::string_view digits = text.substr(0, text.find('.'));
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  text.remove_prefix(std::min(digits.size() + 1, text.size()));
  return number;
}

}  // namespace

std::optional<BusPlace> parse_place(std::string_view reply) {
  if (!reply.starts_with(kReplyPrefix) || reply.ends_with('.')) return std::nullopt;
  reply.remove_prefix(kReplyPrefix.size());
  const std::size_t dot = reply.find('.');
  if (dot == 0 || dot == std::string_view::npos) return std::nullopt;
  BusPlace place{.publisher = reply.substr(0, dot)};
  reply.remove_prefix(dot + 1);
  const auto epoch = take_number(reply);
  if (!epoch) return std::nullopt;
  place.epoch = *epoch;
  for (std::uint64_t& number : place.numbers) {
    const auto taken = take_number(reply);
    if (!taken || *taken == 0) return std::nullopt;
    number = *taken;
  }
  if (!reply.empty()) return std::nullopt;
  return place;
}

BusPublisher::BusPublisher(Transport& transport, std::chrono::milliseconds timeout)
    : transport_(transport),
      timeout_(timeout),
      prefix_(concat(kReplyPrefix, make_uuid_v7(), ".")),
      logins_(transport.logins()) {}

BusPublisher::Actor& BusPublisher::actor(const Namespace& ns, std::string_view subject) {
  const auto found = actors_.find(subject);
  if (found != actors_.end()) return found->second;
  Actor& made = actors_[std::string(subject)];
  made.numbers = {&name_spaces_[ns.text()],
                  &categories_[std::string(subject.substr(0, subject.rfind('.')))], &made.own};
  return made;
}

void BusPublisher::write_reply(const Actor& actor) {
  reply_ = prefix_;
  detail::append_part(reply_, epoch_);
  for (const std::uint64_t* const number : actor.numbers) {
    reply_ += '.';
    detail::append_part(reply_, *number);
  }
}

Result<void> BusPublisher::publish(const Namespace& ns, Outgoing message) {
  const std::scoped_lock lock(mutex_);
  if (actors_.size() >= kMaxSubjects && !actors_.contains(message.subject)) {
    if (auto ok = begin_epoch(); !ok) return ok;
  }
  // First what was lost before, so that this does not hide it.
  if (auto ok = announce_all(); !ok) return ok;
  const Actor& one = actor(ns, message.subject);
  for (std::uint64_t* const number : one.numbers) ++*number;
  write_reply(one);
  message.reply = reply_;
  const std::uint64_t logins = transport_.logins();
  auto sent = transport_.publish(message);
  if (!sent) {  // no server has it
    for (std::uint64_t* const number : one.numbers) --*number;
    return sent;
  }
  ++sent_;
  if (unflushed_ == 0) unflushed_ = logins;
  return sent;
}

Result<void> BusPublisher::flush(std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  const std::uint64_t sent = sent_;
  const std::uint64_t since = unflushed_;
  lock.unlock();
  const std::uint64_t logins = transport_.logins();
  auto flushed = transport_.flush(timeout);
  if (!flushed) {
    const bool is_there = transport_.status() == ConnectionStatus::connected;
    if (flushed.error().code == Errc::unavailable && is_there && transport_.logins() == logins) {
      flushed.error().code = Errc::outcome_unknown;
    }
    return flushed;
  }
  lock.lock();
  unflushed_ = sent_ == sent ? 0 : logins;
  if (since == 0 || since == logins) return {};
  return fail(Errc::unavailable,
              "The connection to the NATS server was lost after something had been published, "
              "which may have been lost with it: publish again what matters.");
}

Result<void> BusPublisher::announce() {
  const std::scoped_lock lock(mutex_);
  return announce_all();
}

Result<void> BusPublisher::announce_all() {
  const std::uint64_t logins = transport_.logins();
  if (logins == logins_) return {};
  for (const auto& [subject, actor] : actors_) {
    if (actor.own == 0) continue;
    {
      const std::scoped_lock lock(left_out_mutex_);
      if (left_out_.contains(subject)) continue;
    }
    write_reply(actor);
    if (auto sent = transport_.publish({.subject = subject, .reply = reply_}); !sent) return sent;
  }
  // If the connection breaks again before these have arrived, they are sent again.
  logins_ = logins;
  return {};
}

Result<void> BusPublisher::begin_epoch() {
  if (auto ok = announce_all(); !ok) return ok;
  if (auto ok = transport_.flush(timeout_); !ok) return ok;
  if (transport_.logins() != logins_) {
    return fail(Errc::unavailable,
                "The connection to the NATS server was lost and is there again, so nothing was "
                "sent: try again.");
  }
  ++epoch_;
  actors_.clear();
  categories_.clear();
  name_spaces_.clear();
  const std::scoped_lock lock(left_out_mutex_);
  left_out_.clear();
  return {};
}

void BusPublisher::leave_out(std::string_view subject) {
  const std::scoped_lock lock(left_out_mutex_);
  if (left_out_.size() >= kMaxLeftOut) left_out_.clear();
  left_out_.emplace(subject);
}

BusArrivals::Verdict BusArrivals::take(std::string_view name_space, const BusPlace& place,
                                       bool is_news) {
  key_.assign(place.publisher).append(1, ' ').append(name_space);
  const std::uint64_t number = place.number(scope_);
  const auto found = reached_.find(key_);
  if (found == reached_.end()) {
    if (reached_.size() >= kMaxKnown) reached_.clear();
    reached_.emplace(key_, Reached{.epoch = place.epoch, .number = number});
    return {.is_unknown = is_news};
  }
  Reached& reached = found->second;
  if (place.epoch < reached.epoch) return {.is_late = true};
  // An epoch begins when the server has all of the one before.
  const std::uint64_t last = place.epoch == reached.epoch ? reached.number : 0;
  if (number <= last) return {.is_late = true};
  reached = {.epoch = place.epoch, .number = number};
  return {.missing = number - last - (is_news ? 0 : 1)};
}

}  // namespace aether::nats
