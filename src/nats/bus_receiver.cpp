// SPDX-License-Identifier: Apache-2.0
#include "nats/bus_receiver.hpp"

#include "core/text.hpp"

#include <algorithm>
#include <utility>

namespace aether::nats {

namespace {

// A message of the old connection may wait yet when the new one is there: for so long each that
// comes may be the last of the old one or the first of the new one.
constexpr std::chrono::milliseconds kDoubt{50};

}  // namespace

bool Predecessors::is_missing(std::string_view name_space, std::string_view subject,
                              std::uint64_t sequence, std::uint64_t previous) {
  constexpr std::size_t kStream = 8;
  constexpr std::uint64_t kOvertaking = 10'000;  // a server of 2.9 puts a message behind a few
  if (size_ >= kMaxActors) {
    streams_.clear();
    size_ = 0;
  }
  auto found = streams_.find(name_space);
  if (found == streams_.end()) {
    found = streams_.emplace(name_space, Stream{}).first;
    size_ += kStream;
  }
  Stream& stream = found->second;
  const bool is_anew = sequence + kOvertaking < stream.last;  // removed, and made again
  if (stream.begin == 0 || is_anew) {
    // An older predecessor cannot be told from one that came before.
    size_ -= stream.actors.size();
    stream = {.begin = sequence, .last = sequence, .actors = {}};
  }
  stream.last = std::max(stream.last, sequence);
  const auto [actor, is_new] = stream.actors.try_emplace(std::hash<std::string_view>()(subject));
  if (is_new) ++size_;
  std::uint64_t& seen = actor->second;
  const bool is_missing = previous >= stream.begin && previous > seen;
  seen = std::max(seen, sequence);
  return is_missing;
}

const Namespace* BusReceiver::name_space_of(const Message& message) {
  const std::string_view name = name_space_in(message.subject());
  if (last_ns_ == nullptr || last_ns_->text() != name) {
    auto ns = Namespace::parse(name);
    if (!ns || !setup_.pattern.matches(*ns)) return nullptr;
    last_ns_ = std::make_shared<const Namespace>(std::move(*ns));
    packer_ = Packer(last_ns_);
  }
  return last_ns_.get();
}

bool BusReceiver::follows(const Message& message, const BusPlace& place) {
  const bool is_news = message.data().empty();
  const auto verdict = arrivals_.take(last_ns_->text(), place, is_news);
  if (verdict.is_unknown || verdict.missing > 0) {
    delivery().tell({.cause = Gap::Cause::missing,
                     .count = verdict.missing,
                     .ns = *last_ns_,
                     .actor_id = setup_.scope == BusScope::actor ? setup_.filter.actor_id : ""});
  }
  return !is_news && !verdict.is_late;
}

void BusReceiver::look_for_missing(const Message& message, const BusMessage& decoded) {
  if (decoded.sequence == 0) return;
  const Event& event = *decoded.events.front();
  if (!Filter{.actor_id = setup_.filter.actor_id, .category = setup_.filter.category}.matches(
          event)) {
    return;
  }
  if (!predecessors_.is_missing(last_ns_->text(), message.subject(), decoded.sequence,
                                decoded.previous)) {
    return;
  }
  delivery().tell({.cause = Gap::Cause::missing, .ns = *last_ns_, .actor_id = event.actor_id});
}

void BusReceiver::take(const Message& message) {
  // News of the connection come on another thread, too late for this message.
  if (const std::uint64_t logins = setup_.transport.logins(); logins != logins_) {
    logins_ = logins;
    in_doubt_until_ = std::chrono::steady_clock::now() + kDoubt;
    is_in_doubt_ = true;
  }
  if (is_in_doubt_) {
    delivery().tell({.cause = Gap::Cause::disconnected});
    is_in_doubt_ = std::chrono::steady_clock::now() < in_doubt_until_;
  }
  const Namespace* const ns = name_space_of(message);
  if (const auto place = parse_place(message.reply()); ns != nullptr && place) {
    if (!follows(message, *place)) return;
  }
  auto decoded = ns != nullptr
                     ? decode_bus_message(*ns, message, setup_.max_json_depth)
                     : fail(Errc::corrupt, concat("a message on ", quoted(message.subject()),
                                                  " names no namespace"));
  if (!decoded) return setup_.on_foreign(decoded.error());
  look_for_missing(message, *decoded);
  for (EventPtr& event : decoded->events) {
    if (!setup_.filter.matches(*event)) continue;
    // Never false: what would have a publisher wait is another policy here.
    [[maybe_unused]] const bool taken = delivery().try_offer(packer_.pack(std::move(event)));
  }
}

void BusReceiver::on_reconnected() { delivery().tell({.cause = Gap::Cause::disconnected}); }

void BusReceiver::on_slow() { delivery().tell({.cause = Gap::Cause::overflow}); }

}  // namespace aether::nats
