// SPDX-License-Identifier: Apache-2.0
#include "aether/nats/bus.hpp"

#include "nats/bus_hub.hpp"

#include <utility>

namespace aether::nats {

namespace {

class NatsBus final : public Bus {
 public:
  explicit NatsBus(std::shared_ptr<BusHub> hub) : hub_(std::move(hub)) {}
  ~NatsBus() override { hub_->close(); }
  NatsBus(const NatsBus&) = delete;
  NatsBus& operator=(const NatsBus&) = delete;

  Result<void> flush(std::chrono::milliseconds timeout) override { return hub_->flush(timeout); }
  void close() override { hub_->close(); }
  [[nodiscard]] std::uint64_t foreign_messages() const override { return hub_->foreign_messages(); }

 protected:
  Result<void> do_publish(const Namespace& ns, EventPtr event) override {
    return hub_->publish(ns, *event);
  }
  Result<Subscription> do_subscribe(NamespacePattern pattern, Filter filter,
                                    SubscribeOptions options, BusHandler handler) override {
    return hub_->subscribe(std::move(pattern), std::move(filter), std::move(options),
                           std::move(handler));
  }

 private:
  const std::shared_ptr<BusHub> hub_;
};

}  // namespace

Result<std::unique_ptr<Bus>> open_bus(std::shared_ptr<Connection> connection,
                                      const BusOptions& options) {
  if (connection == nullptr) {
    return fail(Errc::invalid_argument, "a bus needs a connection, and this one is null: connect");
  }
  if (options.timeout.count() <= 0 || options.max_waiting == 0) {
    return fail(Errc::invalid_argument,
                "a bus needs a timeout, and room for at least one event that waits: give both");
  }
  auto hub = std::make_shared<BusHub>(std::move(connection), options);
  hub->listen();
  return std::make_unique<NatsBus>(std::move(hub));
}

}  // namespace aether::nats
