// SPDX-License-Identifier: Apache-2.0
#include "nats/denials.hpp"

#include "core/text.hpp"
#include "nats/bus_message.hpp"

#include <algorithm>
#include <string>

namespace aether::nats {

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

void Denials::add(const LinkEvent& event) {
  const std::scoped_lock lock(mutex_);
  const auto is_same = [&](const LinkEvent& other) { return other.subject == event.subject; };
  if (std::ranges::any_of(denied_, is_same)) return;
  denied_.push_back(event);
  if (denied_.size() > kKept) denied_.pop_front();
  is_empty_ = false;
}

std::optional<Error> Denials::take(const std::function<bool(const LinkEvent&)>& is_it) {
  if (is_empty_) return std::nullopt;
  const std::scoped_lock lock(mutex_);
  const auto found = std::ranges::find_if(denied_, is_it);
  if (found == denied_.end()) return std::nullopt;
  Error denial = to_denial(found->subject, false);
  denied_.erase(found);
  is_empty_ = denied_.empty();
  return denial;
}

std::optional<Error> Denials::take_subject(std::string_view subject) {
  return take([&](const LinkEvent& event) { return is_denied(event, subject, false); });
}

std::optional<Error> Denials::take_name_space(std::string_view name_space) {
  if (is_empty_) return std::nullopt;
  const std::string within = concat(kBusPrefix, name_space, ".");
  return take([&](const LinkEvent& event) {
    return event.is_subject_cut ? event.subject.starts_with(within)
                                : name_space_in(event.subject) == name_space;
  });
}

std::optional<Error> Denials::take_any() {
  return take([](const LinkEvent&) { return true; });
}

}  // namespace aether::nats
