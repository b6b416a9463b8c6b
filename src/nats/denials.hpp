// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/error.hpp"
#include "nats/transport.hpp"

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace aether::nats {

/// What the server has refused us, for those who did not wait for a reply. All members may be
/// called from any thread.
class Denials {
 public:
  /// Told in order; other events are passed over.
  void on_event(const LinkEvent& event);

  /// How many there were: what comes later is counted from here.
  [[nodiscard]] std::uint64_t mark() const;

  /// Whether it was refused since `mark`. To be called when the server has taken it, after a flush:
  /// its complaint has come by then, but is told on another thread, which is waited for.
  [[nodiscard]] std::optional<Error> find(const Transport& transport, std::string_view subject,
                                          bool is_subscription, std::uint64_t mark);

  /// Waits, after a flush, until what the server complained of last has been told.
  void settle(const Transport& transport);

 private:
  [[nodiscard]] std::optional<Error> find_locked(std::string_view subject, bool is_subscription,
                                                 std::uint64_t mark) const;

  mutable std::mutex mutex_;  // guards all
  std::condition_variable told_;
  std::uint64_t count_ = 0;
  std::deque<LinkEvent> last_;  // the last of them
};

/// Whether a denial is of this subject: the server's words may be cut off.
[[nodiscard]] bool is_denied(const LinkEvent& event, std::string_view subject,
                             bool is_subscription);
[[nodiscard]] Error to_denial(std::string_view subject, bool is_subscription);

}  // namespace aether::nats
