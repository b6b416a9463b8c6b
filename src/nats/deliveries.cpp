// SPDX-License-Identifier: Apache-2.0
#include "nats/deliveries.hpp"

#include "core/text.hpp"

#include <exception>
#include <string>
#include <utility>

namespace aether::nats {
namespace {

std::uint64_t count_messages(natsConnection* connection) {
  natsStatistics* statistics = nullptr;
  std::uint64_t count = 0;
  if (natsStatistics_Create(&statistics) != NATS_OK) return 0;
  if (natsConnection_GetStats(connection, statistics) == NATS_OK) {
    natsStatistics_GetCounts(statistics, &count, nullptr, nullptr, nullptr, nullptr);
  }
  natsStatistics_Destroy(statistics);
  return count;
}

/// The way of a message to its handler. Lives until libnats has delivered the last one.
class Delivery {
 public:
  Delivery(std::shared_ptr<Link> link, Transport::MessageHandler handler)
      : link_(std::move(link)), gate_(std::move(handler)) {}

  void take(natsMsg* received) {
    Message message(received);
    Counters& counters = link_->counters();
    counters.messages_in.fetch_add(1, std::memory_order_relaxed);
    counters.bytes_in.fetch_add(message.data().size(), std::memory_order_relaxed);
    try {
      gate_.call(std::move(message));
    } catch (const std::exception& error) {
      link_->log(LogLevel::error, concat("A message handler threw: ", error.what(), "."));
    } catch (...) {
      link_->log(LogLevel::error, "A message handler threw something.");
    }
  }
  void stop() { gate_.stop(); }

 private:
  std::shared_ptr<Link> link_;
  Gate<Message> gate_;
};

using DeliveryPtr = std::shared_ptr<Delivery>;

void on_message(natsConnection* /*connection*/, natsSubscription* /*subscription*/,
                natsMsg* message, void* closure) {
  (*static_cast<DeliveryPtr*>(closure))->take(message);
}

void on_complete(void* closure) {
  delete static_cast<DeliveryPtr*>(closure);  // NOLINT(cppcoreguidelines-owning-memory)
}

class RunningDelivery final : public Handle {
 public:
  RunningDelivery(DeliveryPtr delivery, natsConnection* connection, natsSubscription* subscription,
                  std::shared_ptr<RetiredSubscriptions> retired)
      : delivery_(std::move(delivery)),
        connection_(connection),
        subscription_(subscription),
        retired_(std::move(retired)) {}
  ~RunningDelivery() override {
    delivery_->stop();
    natsSubscription_Unsubscribe(subscription_);  // fails only when it is over anyway
    retired_->add(connection_, subscription_);
  }
  RunningDelivery(const RunningDelivery&) = delete;
  RunningDelivery& operator=(const RunningDelivery&) = delete;

 private:
  DeliveryPtr delivery_;
  natsConnection* connection_;  // lives as long as the subscription
  natsSubscription* subscription_;
  std::shared_ptr<RetiredSubscriptions> retired_;
};

}  // namespace

void RetiredSubscriptions::add(natsConnection* connection, natsSubscription* subscription) {
  const std::uint64_t messages = count_messages(connection);
  std::unique_lock lock(mutex_);
  auto safe = take([&](const Retired& retired) { return retired.messages_before < messages; });
  const Retired added{.subscription = subscription, .messages_before = messages, .number = ++last_};
  (is_finished_ ? safe : retired_).push_back(added);
  lock.unlock();
  destroy(safe);
}

std::uint64_t RetiredSubscriptions::mark() const {
  const std::scoped_lock lock(mutex_);
  return last_;
}

void RetiredSubscriptions::flushed(std::uint64_t mark) {
  std::unique_lock lock(mutex_);
  const auto safe = take([&](const Retired& retired) { return retired.number <= mark; });
  lock.unlock();
  destroy(safe);
}

std::vector<RetiredSubscriptions::Retired> RetiredSubscriptions::take(
    const std::function<bool(const Retired&)>& is_safe) {
  std::vector<Retired> safe;
  std::erase_if(retired_, [&](const Retired& retired) {
    if (!is_safe(retired)) return false;
    safe.push_back(retired);
    return true;
  });
  return safe;
}

void RetiredSubscriptions::destroy(const std::vector<Retired>& safe) {
  for (const Retired& each : safe) natsSubscription_Destroy(each.subscription);
}

void RetiredSubscriptions::finish() {
  std::unique_lock lock(mutex_);
  is_finished_ = true;
  const auto retired = std::exchange(retired_, {});
  lock.unlock();
  destroy(retired);
}

Result<std::unique_ptr<Handle>> deliver(natsConnection* connection,
                                        const std::shared_ptr<Link>& link,
                                        const std::shared_ptr<RetiredSubscriptions>& retired,
                                        std::string_view pattern, std::string_view queue,
                                        Transport::MessageHandler handler) {
  auto delivery = std::make_shared<Delivery>(link, std::move(handler));
  auto closure = std::make_unique<DeliveryPtr>(delivery);
  const std::string subject(pattern);
  const std::string group(queue);
  natsSubscription* subscription = nullptr;
  const natsStatus status =
      group.empty() ? natsConnection_Subscribe(&subscription, connection, subject.c_str(),
                                               on_message, closure.get())
                    : natsConnection_QueueSubscribe(&subscription, connection, subject.c_str(),
                                                    group.c_str(), on_message, closure.get());
  if (status != NATS_OK) {
    const bool is_closed = status == NATS_CONNECTION_CLOSED || status == NATS_DRAINING;
    return fail(
        is_closed ? Errc::closed : Errc::unavailable,
        concat("Subscribing to ", quoted(pattern), " failed: ", natsStatus_GetText(status), "."));
  }
  // From here on a thread of libnats uses the closure. Neither call fails but on a connection that
  // was just closed; then libnats is about to let go of it, and who knows when.
  void* const used = closure.release();
  natsSubscription_SetPendingLimits(subscription, -1, Transport::kMaxPendingBytes);
  natsSubscription_SetOnCompleteCB(subscription, on_complete, used);
  return std::make_unique<RunningDelivery>(std::move(delivery), connection, subscription, retired);
}

}  // namespace aether::nats
