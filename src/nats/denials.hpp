// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/error.hpp"
#include "nats/transport.hpp"

#include <atomic>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string_view>

namespace aether::nats {

/// What the server has not let a bus publish, and who published it was not told yet. Each denial
/// is told once. All members may be called from any thread.
class Denials {
 public:
  static constexpr std::size_t kKept = 1'024;  // subjects; beyond them the oldest goes

  void add(const LinkEvent& event);

  /// Of this subject.
  [[nodiscard]] std::optional<Error> take_subject(std::string_view subject);
  /// Of any subject in this namespace.
  [[nodiscard]] std::optional<Error> take_name_space(std::string_view name_space);
  /// Whichever is the oldest.
  [[nodiscard]] std::optional<Error> take_any();

 private:
  [[nodiscard]] std::optional<Error> take(const std::function<bool(const LinkEvent&)>& is_it);

  std::atomic<bool> is_empty_{true};
  std::mutex mutex_;  // guards the rest
  std::deque<LinkEvent> denied_;
};

/// Whether a denial is of this subject: the server's words may be cut off.
[[nodiscard]] bool is_denied(const LinkEvent& event, std::string_view subject,
                             bool is_subscription);
[[nodiscard]] Error to_denial(std::string_view subject, bool is_subscription);

}  // namespace aether::nats
