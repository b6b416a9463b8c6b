// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/error.hpp"
#include "aether/core/event.hpp"
#include "core/text.hpp"

#include <exception>
#include <string>
#include <utility>

namespace aether {

/// The error of an event's handler: tells the event, by its position above all.
[[nodiscard]] inline Error about_event(Error error, const StoredEvent& event) {
  error.position = event.position;
  error.actor_id = event.actor_id;
  error.actor_version = event.version;
  return error;
}

/// Calls `handle` for `event`; what it throws becomes an error, as what it returns.
template <class Handle>
[[nodiscard]] Result<void> handle_event(Handle&& handle, const EventPtr& event) {
  const auto thrown = [&](std::string_view what) {
    return std::unexpected(
        about_event({.code = Errc::invalid_argument,
                     .message = concat("the handler threw for ", quoted(event->event_type), " of ",
                                       quoted(event->actor_id), ": ", what)},
                    *event));
  };
  try {
    Result<void> handled = std::forward<Handle>(handle)();
    if (handled) return handled;
    return std::unexpected(about_event(std::move(handled.error()), *event));
  } catch (const std::exception& error) {
    return thrown(error.what());
  } catch (...) {
    return thrown("something that is no std::exception");
  }
}

}  // namespace aether
