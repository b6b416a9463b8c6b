// SPDX-License-Identifier: Apache-2.0
#include "event_printer.hpp"
#include "verbs.hpp"
#include "wakeup.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

namespace aether::cli {
namespace {

/// How soon it is noticed that a subscription has ended by itself: nothing tells.
constexpr std::chrono::milliseconds kStatusPeriod{200};

Result<void> print_stored(EventStore& store, const Tail& verb, const Session& session,
                          EventPrinter& printer) {
  Position after = verb.after;
  std::size_t left = verb.limit;
  while (left > 0 && printer.usable()) {
    const auto page = store.read_all(verb.filter, after, std::min(left, kPageEvents));
    if (!page) return std::unexpected(page.error());
    if (page->events.empty()) return {};
    for (const EventPtr& event : page->events) printer.print(*event);
    left -= page->events.size();
    after = page->next;
    if (session.signals.caught() != 0) return fail(Errc::closed, "interrupted");
  }
  return {};
}

/// Until a signal, the limit, an error, or nobody reads any more.
Result<void> follow(EventStore& store, const Tail& verb, const Session& session,
                    EventPrinter& printer) {
  Wakeup done;
  std::size_t left = verb.limit;
  auto subscription = store.subscribe(verb.filter, verb.after, [&](const EventPtr& event) {
    if (left == 0 || !printer.usable()) return;
    printer.print(*event);
    printer.flush();
    --left;
    if (left == 0 || !printer.usable()) done.raise();
  });
  if (!subscription) return std::unexpected(std::move(subscription.error()));

  const std::array<int, 2> inputs{session.signals.fd(), done.fd()};
  while (!wait_for_any(inputs, STDOUT_FILENO, kStatusPeriod)) {
    if (!subscription->status().active) break;
  }
  subscription->stop();
  const auto status = subscription->status();
  if (status.error) return std::unexpected(*status.error);
  return {};
}

}  // namespace

Outcome run(const Tail& verb, const Session& session) {
  auto store = session.open();
  if (!store) return std::unexpected(std::move(store.error()));

  EventPrinter printer(session.console, EventPrinter::Of::all_actors);
  auto printed = verb.follow ? follow(*store->events, verb, session, printer)
                             : print_stored(*store->events, verb, session, printer);
  if (!printed) {
    printer.flush();
    return std::unexpected(std::move(printed.error()));
  }
  if (!verb.follow) {
    printer.finish();
    return ExitCode::ok;
  }
  const int signal = session.signals.caught();
  return signal == 0 ? ExitCode::ok : exit_code_of_signal(signal);
}

}  // namespace aether::cli
