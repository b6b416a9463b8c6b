// SPDX-License-Identifier: Apache-2.0
#include "aether/store/event_store.hpp"

#include <utility>

namespace aether {

namespace {

std::unexpected<Error> nothing_to_append() {
  return fail(Errc::invalid_argument, "a commit needs at least one event; this one has none");
}

}  // namespace

Result<Appended> EventStore::append(Event event, const AppendOptions& options) {
  return do_append(std::span(&event, 1), options);
}

Result<Appended> EventStore::append_moved(std::vector<Event> events, const AppendOptions& options) {
  if (events.empty()) return nothing_to_append();
  return do_append(events, options);
}

Result<Appended> EventStore::append(std::span<const Event> events, const AppendOptions& options) {
  return append(std::vector(events.begin(), events.end()), options);
}

void EventStore::append_async(std::vector<Event> events, const AppendOptions& options,
                              Completion done) {
  if (!done) done = [](const Result<Appended>&) {};
  if (events.empty()) return done(nothing_to_append());
  do_append_async(std::move(events), options, std::move(done));
}

void EventStore::do_append_async(std::vector<Event> events, const AppendOptions& options,
                                 Completion done) {
  done(do_append(events, options));
}

}  // namespace aether
