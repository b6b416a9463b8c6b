// SPDX-License-Identifier: Apache-2.0
#include "nats/denials.hpp"

#include "core/text.hpp"
#include "nats/link.hpp"

#include <chrono>
#include <cstddef>

namespace aether::nats {

namespace {

constexpr std::size_t kKept = 256;

// For the thread that tells. A complaint that is older, of the same subject, is waited for in vain:
// after somebody has given the right without a new connection.
constexpr std::chrono::milliseconds kPatience{250};

bool is_violation(std::string_view complaint) {
  return complaint.contains("ermissions Violation");  // servers write it large, or small
}

}  // namespace

bool is_denied(const LinkEvent& event, std::string_view subject, bool is_subscription) {
  if (event.kind != LinkEvent::Kind::denied || event.is_subscription != is_subscription) {
    return false;
  }
  return event.is_subject_cut ? !event.subject.empty() && subject.starts_with(event.subject)
                              : subject == event.subject;
}

Error to_denial(std::string_view subject, bool is_subscription) {
  return {.code = Errc::permission_denied,
          .message = concat("the NATS server does not allow this user to ",
                            is_subscription ? "subscribe to " : "publish to ", quoted(subject),
                            ": ask for the right (docs/nats-permissions.conf)")};
}

void Denials::on_event(const LinkEvent& event) {
  if (event.kind != LinkEvent::Kind::denied) return;
  const std::scoped_lock lock(mutex_);
  ++count_;
  last_.push_back(event);
  if (last_.size() > kKept) last_.pop_front();
  told_.notify_all();
}

std::uint64_t Denials::mark() const {
  const std::scoped_lock lock(mutex_);
  return count_;
}

std::optional<Error> Denials::find_locked(std::string_view subject, bool is_subscription,
                                          std::uint64_t mark) const {
  const std::size_t kept = last_.size();
  for (std::size_t i = 0; i < kept; ++i) {
    if (count_ - kept + i < mark) continue;
    if (is_denied(last_[i], subject, is_subscription)) return to_denial(subject, is_subscription);
  }
  return std::nullopt;
}

std::optional<Error> Denials::find(const Transport& transport, std::string_view subject,
                                   bool is_subscription, std::uint64_t mark) {
  const std::string complaint = transport.complaint();
  const bool is_ours =
      is_violation(complaint) && is_denied(parse_violation(complaint), subject, is_subscription);
  std::unique_lock lock(mutex_);
  auto found = find_locked(subject, is_subscription, mark);
  if (!is_ours || found) return found;
  told_.wait_for(lock, kPatience, [&] {
    found = find_locked(subject, is_subscription, mark);
    return found.has_value();
  });
  return found;
}

void Denials::settle(const Transport& transport) {
  const std::string complaint = transport.complaint();
  if (!is_violation(complaint)) return;
  const std::string subject = parse_violation(complaint).subject;
  std::unique_lock lock(mutex_);
  told_.wait_for(lock, kPatience,
                 [&] { return !last_.empty() && last_.back().subject == subject; });
}

}  // namespace aether::nats
