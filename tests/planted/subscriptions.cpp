// SPDX-License-Identifier: Apache-2.0
#include "planted/subscriptions.hpp"

#include <utility>

namespace aether::planted {

namespace {

/// Ends too late: never, or at some later time.
class Late final : public Subscription::Impl {
 public:
  Late(Bug bug, Subscription inner, std::shared_ptr<Leftovers> leftovers)
      : bug_(bug), inner_(std::move(inner)), leftovers_(std::move(leftovers)) {}
  ~Late() override { Late::stop(); }
  Late(const Late&) = delete;
  Late& operator=(const Late&) = delete;

  void stop() override {
    if (stopped_) return;
    stopped_ = true;
    const std::scoped_lock lock(leftovers_->mutex);
    if (bug_ == "handler_after_stop") {
      leftovers_->running.push_back(std::move(inner_));
    } else {
      leftovers_->ending.emplace_back([inner = std::move(inner_)]() mutable { inner.stop(); });
    }
  }

  [[nodiscard]] Subscription::Status status() const override {
    return stopped_ ? Subscription::Status{} : inner_.status();
  }

 private:
  const Bug bug_;
  bool stopped_ = false;
  Subscription inner_;
  std::shared_ptr<Leftovers> leftovers_;
};

/// Does not say how many events it delivered.
class Uncounted final : public Subscription::Impl {
 public:
  explicit Uncounted(Subscription inner) : inner_(std::move(inner)) {}

  void stop() override { inner_.stop(); }

  [[nodiscard]] Subscription::Status status() const override {
    auto status = inner_.status();
    status.counters = {};
    return status;
  }

 private:
  Subscription inner_;
};

}  // namespace

EventHandler spoil(Bug bug, EventHandler handler) {
  if (bug != "exception_swallowed" || !handler) return handler;
  return [handler = std::move(handler)](const EventPtr& event) mutable {
    try {
      handler(event);
    } catch (...) {  // NOLINT(bugprone-empty-catch): the bug
    }
  };
}

Subscription spoil(Bug bug, Subscription subscription, std::shared_ptr<Leftovers> leftovers) {
  if (bug == "deliveries_not_counted") {
    return Subscription(std::make_unique<Uncounted>(std::move(subscription)));
  }
  if (bug != "handler_after_stop" && bug != "stop_does_not_wait") return subscription;
  return Subscription(std::make_unique<Late>(bug, std::move(subscription), std::move(leftovers)));
}

}  // namespace aether::planted
