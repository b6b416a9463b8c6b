// SPDX-License-Identifier: Apache-2.0
#include "nats/hints.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <utility>

namespace aether::nats {

namespace {

using std::chrono::milliseconds;

// After a hint; one server has stored a message by the first, three on a busy machine by the
// second, nearly always.
constexpr std::array<milliseconds, 3> kLooks{milliseconds(5), milliseconds(25), milliseconds(100)};

/// Shared with the timer, which may outlast the handle.
class Looks final : public std::enable_shared_from_this<Looks> {
 public:
  Looks(Requests& requests, std::shared_ptr<Notifier> notifier)
      : requests_(requests), notifier_(std::move(notifier)) {}

  void on_hint() {
    notifier_->notify();
    for (std::size_t i = 0; i < kLooks.size(); ++i) {
      if (is_coming_.at(i).exchange(true)) continue;
      requests_.after(kLooks.at(i), [self = shared_from_this(), i] {
        self->is_coming_.at(i) = false;
        self->notifier_->notify();
      });
    }
  }

 private:
  Requests& requests_;
  const std::shared_ptr<Notifier> notifier_;
  std::array<std::atomic<bool>, kLooks.size()> is_coming_{};
};

}  // namespace

Result<std::unique_ptr<Handle>> listen_for_hints(Transport& transport, Requests& requests,
                                                 const std::string& subject,
                                                 const std::shared_ptr<Notifier>& notifier) {
  return transport.subscribe(
      subject, "",
      [looks = std::make_shared<Looks>(requests, notifier)](const Message&) { looks->on_hint(); });
}

}  // namespace aether::nats
