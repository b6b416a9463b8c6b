// SPDX-License-Identifier: Apache-2.0
#include "event_printer.hpp"
#include "text.hpp"
#include "verbs.hpp"

#include <algorithm>
#include <utility>

namespace aether::cli {
namespace {

Result<void> print_history(EventStore& store, const Read& verb, const Session& session,
                           EventPrinter& printer) {
  ReadOptions options{.from_version = verb.from};
  std::size_t left = verb.limit;
  while (left > 0 && printer.usable()) {
    options.limit = std::min(left, kPageEvents);
    const auto events = store.read(verb.actor_id, options);
    if (!events) return std::unexpected(events.error());
    for (const EventPtr& event : *events) {
      if (event->version > verb.to) return {};
      printer.print(*event);
    }
    if (events->size() < options.limit || events->back()->version == kMaxVersion) return {};
    left -= events->size();
    options.from_version = events->back()->version + 1;
    if (session.signals.caught() != 0) return fail(Errc::closed, "interrupted");
  }
  return {};
}

}  // namespace

Outcome run(const Read& verb, const Session& session) {
  auto store = session.open();
  if (!store) return std::unexpected(std::move(store.error()));

  const auto latest = store->events->latest_version(verb.actor_id);
  if (!latest) return std::unexpected(latest.error());
  if (*latest == 0) {
    Failure failure(Error{.code = Errc::not_found,
                          .message = "the actor \"" + verb.actor_id + "\" has no events"});
    failure.advice = "List the actors there are with: aether actors";
    return std::unexpected(std::move(failure));
  }

  EventPrinter printer(session.console, EventPrinter::Of::one_actor);
  if (auto printed = print_history(*store->events, verb, session, printer); !printed) {
    printer.flush();
    return std::unexpected(std::move(printed.error()));
  }
  printer.finish();
  return ExitCode::ok;
}

}  // namespace aether::cli
