// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace aether::nats {

/// Something that goes on while it lives. Destroying it stops that and waits for a running
/// callback, unless the callback itself does so; then nothing is waited for.
class Handle {
 public:
  Handle() = default;
  virtual ~Handle() = default;
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
};

/// A callback that can be stopped from any thread: `stop` returns when it is not running, and it
/// never runs afterwards. Within the callback, `stop` returns at once.
template <class... Args>
class Gate {
 public:
  explicit Gate(std::move_only_function<void(Args...)> callback) : callback_(std::move(callback)) {}

  void call(Args... args) {
    const std::scoped_lock lock(mutex_);
    if (open_) callback_(std::forward<Args>(args)...);
  }

  void stop() {
    const std::scoped_lock lock(mutex_);
    open_ = false;
  }

 private:
  std::recursive_mutex mutex_;  // held while the callback runs; it may stop itself
  bool open_ = true;
  std::move_only_function<void(Args...)> callback_;  // kept after `stop`: it may be running
};

/// Those who want to hear of events, each told on the thread that tells.
template <class Event>
class Listeners : public std::enable_shared_from_this<Listeners<Event>> {
 public:
  using Listener = std::move_only_function<void(const Event&)>;

  [[nodiscard]] std::unique_ptr<Handle> add(Listener listener) {
    auto gate = std::make_shared<Gate<const Event&>>(std::move(listener));
    const std::scoped_lock lock(mutex_);
    gates_.push_back(gate);
    return std::make_unique<Listening>(this->shared_from_this(), std::move(gate));
  }

  void tell(const Event& event) {
    std::unique_lock lock(mutex_);
    const auto gates = gates_;
    lock.unlock();
    for (const auto& gate : gates) gate->call(event);
  }

 private:
  using GatePtr = std::shared_ptr<Gate<const Event&>>;

  class Listening final : public Handle {
   public:
    Listening(std::shared_ptr<Listeners> all, GatePtr gate)
        : all_(std::move(all)), gate_(std::move(gate)) {}
    ~Listening() override {
      gate_->stop();
      const std::scoped_lock lock(all_->mutex_);
      std::erase(all_->gates_, gate_);
    }
    Listening(const Listening&) = delete;
    Listening& operator=(const Listening&) = delete;

   private:
    std::shared_ptr<Listeners> all_;
    GatePtr gate_;
  };

  std::mutex mutex_;  // guards gates_
  std::vector<GatePtr> gates_;
};

}  // namespace aether::nats
