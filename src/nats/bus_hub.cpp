// SPDX-License-Identifier: Apache-2.0
#include "nats/bus_hub.hpp"

#include "core/text.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <new>
#include <span>
#include <utility>

namespace aether::nats {

namespace {

constexpr std::size_t kMaxKnown = 10'000;  // namespaces; beyond them one is asked for again

// After a new connection the server is asked for so long at a time whether it has taken all, and
// again a little later.
constexpr std::chrono::milliseconds kOneQuestion{1'000};
constexpr std::chrono::milliseconds kUntilNextQuestion{50};

Error closed_error() { return {.code = Errc::closed, .message = "the bus was closed"}; }

}  // namespace

/// What is done after a new connection, on a thread that may wait.
class BusHub::Return final : public Activity {
 public:
  Return(std::shared_ptr<Executor> executor, std::weak_ptr<BusHub> hub)
      : Activity(std::move(executor)), hub_(std::move(hub)) {}

 private:
  bool turn() noexcept override {
    const auto hub = hub_.lock();
    try {
      if (hub && !hub->come_back()) wake_after(kUntilNextQuestion);
      return false;
    } catch (const std::bad_alloc&) {
      return true;  // again, when others have had their turn
    }
  }

  const std::weak_ptr<BusHub> hub_;
};

BusHub::BusHub(std::shared_ptr<Connection> connection, BusOptions options)
    : connection_(std::move(connection)),
      options_(std::move(options)),
      publisher_(transport(), options_.timeout) {}

void BusHub::listen() {
  listening_ = transport().listen([weak = weak_from_this()](const LinkEvent& event) {
    if (const auto hub = weak.lock()) hub->on_event(event);
  });
}

Result<void> BusHub::publish(const Namespace& ns, const StoredEvent& event) {
  if (is_closed_) return std::unexpected(closed_error());
  if (auto denial = denials_.take_name_space(ns.text())) return std::unexpected(std::move(*denial));
  const OutgoingEvent outgoing = encode_bus_message(ns, event);
  std::array<Header, 3> headers;
  std::size_t count = 0;
  for (const auto& [name, value] : outgoing.headers) headers.at(count++) = {name, value};
  const Outgoing message{.subject = outgoing.subject,
                         .headers = std::span(headers).first(count),
                         .data = outgoing.body};
  if (is_known(ns)) return publisher_.publish(ns, message);
  const std::uint64_t logins = transport().logins();
  if (auto ok = publisher_.publish(ns, message); !ok) return ok;
  auto learned = learn(ns, outgoing.subject);
  if (learned && transport().logins() != logins) {
    return fail(Errc::outcome_unknown,
                concat("the connection was lost while an event was published on ",
                       quoted(outgoing.subject), ", perhaps with it"));
  }
  return learned;
}

bool BusHub::is_known(const Namespace& ns) {
  const std::shared_lock lock(known_mutex_);
  return known_.contains(ns.text());
}

Result<void> BusHub::learn(const Namespace& ns, std::string_view subject) {
  if (auto ok = transport().flush(options_.timeout); !ok) {
    if (ok.error().code == Errc::closed) return ok;
    return fail(Errc::outcome_unknown,
                concat("an event was published on ", quoted(subject),
                       ", and whether the server has taken it is not known: ", ok.error().message));
  }
  transport().settle(options_.timeout);
  if (auto denied = denials_.take_subject(subject)) return std::unexpected(std::move(*denied));
  const std::unique_lock lock(known_mutex_);
  if (known_.size() >= kMaxKnown) known_.clear();
  known_.insert(ns.text());
  return {};
}

Result<Subscription> BusHub::subscribe(NamespacePattern pattern, Filter filter,
                                       SubscribeOptions options, BusHandler handler) {
  if (is_closed_) return std::unexpected(closed_error());
  if (options.overflow == Overflow::block) {
    options.overflow = Overflow::fail;
    options.capacity = std::max(options.capacity, options_.max_waiting);
  }
  auto executor = handlers();
  if (!executor) return std::unexpected(std::move(executor.error()));
  const std::string subject = bus_pattern(pattern, filter);
  auto delivery = std::make_shared<Delivery>(
      Delivery::Setup{.name = concat("the subscription to ", pattern.text()),
                      .options = std::move(options),
                      .handler = std::move(handler),
                      .log = options_.log,
                      .closed = [weak = weak_from_this()](const Delivery& ended) {
                        if (const auto hub = weak.lock()) hub->remove(ended);
                      }});
  delivery->start(std::move(*executor));
  Subscription subscription = subscription_of(delivery);
  const auto receiver = std::make_shared<BusReceiver>(
      BusReceiver::Setup{.subject = subject,
                         .scope = bus_scope(pattern, filter),
                         .pattern = std::move(pattern),
                         .filter = std::move(filter),
                         .delivery = delivery,
                         .transport = transport(),
                         .max_json_depth = options_.max_json_depth,
                         .on_foreign = [weak = weak_from_this()](const Error& error) {
                           if (const auto hub = weak.lock()) hub->on_foreign(error);
                         }});
  if (auto ok = add(receiver); !ok) return std::unexpected(std::move(ok.error()));
  auto handle = transport().subscribe(
      subject, "", [receiver](const Message& message) { receiver->take(message); });
  if (!handle) return std::unexpected(std::move(handle.error()));
  attach(*delivery, std::move(*handle));
  if (auto ok = transport().flush(options_.timeout); !ok) {
    return std::unexpected(std::move(ok.error()));
  }
  transport().settle(options_.timeout);
  auto error = subscription.status().error;
  if (error && error->code == Errc::permission_denied) return std::unexpected(std::move(*error));
  return subscription;
}

Result<std::shared_ptr<Executor>> BusHub::handlers() {
  const std::scoped_lock lock(mutex_);
  if (is_closed_) return std::unexpected(closed_error());
  if (executor_ == nullptr) {
    auto made = Executor::make({.max_threads = options_.max_threads});
    if (!made) return made;
    executor_ = std::move(*made);
  }
  return executor_;
}

Result<void> BusHub::add(std::shared_ptr<BusReceiver> receiver) {
  const std::scoped_lock lock(mutex_);
  if (is_closed_) return std::unexpected(closed_error());
  const Delivery* const key = &receiver->delivery();
  listeners_.emplace(key, Listener{.receiver = std::move(receiver), .handle = nullptr});
  return {};
}

void BusHub::attach(const Delivery& delivery, std::unique_ptr<Handle> handle) {
  std::unique_lock lock(mutex_);
  const auto found = listeners_.find(&delivery);
  if (found != listeners_.end()) found->second.handle = std::move(handle);
  lock.unlock();  // what is left waits for a message that is being taken
}

void BusHub::remove(const Delivery& delivery) {
  std::unique_lock lock(mutex_);
  const auto ended = listeners_.extract(&delivery);
  lock.unlock();  // its handle waits for a message that is being taken
}

Result<void> BusHub::flush(std::chrono::milliseconds timeout) {
  if (is_closed_) return std::unexpected(closed_error());
  auto flushed = publisher_.flush(timeout);
  if (flushed) transport().settle(timeout);
  if (auto denial = denials_.take_any()) return std::unexpected(std::move(*denial));
  return flushed;
}

void BusHub::end_all(const Error& why) {
  std::unique_lock lock(mutex_);
  auto listeners = std::exchange(listeners_, {});
  lock.unlock();
  for (auto& [key, listener] : listeners) {
    listener.handle.reset();
    listener.receiver->delivery().end(why);
  }
}

void BusHub::close() {
  std::shared_ptr<Executor> executor;
  std::shared_ptr<Activity> before;
  {
    const std::scoped_lock lock(mutex_);
    is_closed_ = true;
    executor.swap(executor_);
    before.swap(return_);  // a turn of it is not waited for
  }
  end_all(closed_error());
}

std::vector<std::shared_ptr<BusReceiver>> BusHub::receivers(const LinkEvent* denied) {
  std::vector<std::shared_ptr<BusReceiver>> found;
  const std::scoped_lock lock(mutex_);
  found.reserve(listeners_.size());
  for (const auto& [key, listener] : listeners_) {
    if (denied != nullptr && !is_denied(*denied, listener.receiver->subject(), true)) continue;
    found.push_back(listener.receiver);
  }
  return found;
}

void BusHub::on_event(const LinkEvent& event) {
  switch (event.kind) {
    case LinkEvent::Kind::reconnected:
      return on_reconnected();
    case LinkEvent::Kind::closed:
      return end_all({.code = Errc::closed,
                      .message = concat("the connection of the bus was closed: ", event.text)});
    case LinkEvent::Kind::slow:
      for (const auto& receiver : receivers(nullptr)) receiver->on_slow();
      return;
    case LinkEvent::Kind::denied:
      return on_denied(event);
    case LinkEvent::Kind::disconnected:
    case LinkEvent::Kind::lame_duck:
    case LinkEvent::Kind::failed:
      return;
  }
}

void BusHub::on_reconnected() {
  auto executor = handlers();
  if (!executor) return;  // it is closed, or there are no threads to be had, nor handlers then
  std::unique_lock lock(mutex_);
  if (is_closed_) return;
  if (return_ == nullptr) {
    return_ = std::make_shared<Return>(std::move(*executor), weak_from_this());
  }
  const auto awake = return_;
  lock.unlock();
  awake->wake();
}

bool BusHub::come_back() {
  if (is_closed_) return true;
  const auto announced = publisher_.announce();
  // Whoever is told of a gap looks into a store, and must not miss what comes after that: so the
  // server has to have the subscriptions before.
  const auto flushed = transport().flush(kOneQuestion);
  if (announced && flushed) {
    for (const auto& receiver : receivers(nullptr)) receiver->on_reconnected();
    return true;
  }
  return transport().status() != ConnectionStatus::connected;  // it is told when it is there again
}

void BusHub::on_denied(const LinkEvent& event) {
  if (event.is_subscription) {
    for (const auto& receiver : receivers(&event)) {
      receiver->delivery().end(to_denial(receiver->subject(), true));
    }
  } else {
    if (!event.subject.starts_with(kBusPrefix)) return;  // of others who use the connection
    publisher_.leave_out(event.subject);
    denials_.add(event);
    const std::unique_lock lock(known_mutex_);
    known_.erase(std::string(name_space_in(event.subject)));
  }
}

void BusHub::on_foreign(const Error& error) {
  const std::uint64_t count = ++foreign_;
  if (!std::has_single_bit(count) || !options_.log) return;
  options_.log(LogLevel::warning,
               concat("passed over: ", error.message, " (the ", count, ". such message)"));
}

}  // namespace aether::nats
