// SPDX-License-Identifier: Apache-2.0
#include "aether/store/event_store.hpp"

#include "aether/store/commit.hpp"
#include "core/text.hpp"

#include <utility>

namespace aether {

namespace {

/// What no store takes.
Result<void> check_call(std::size_t events, const AppendOptions& options) {
  if (events == 0) {
    return fail(Errc::invalid_argument, "a commit needs at least one event; this one has none");
  }
  if (options.timeout < std::chrono::milliseconds::zero()) {
    return fail(Errc::invalid_argument,
                concat("the timeout is ", options.timeout.count(), " ms: it must not be negative"));
  }
  return {};
}

}  // namespace

Result<Appended> EventStore::append(Event event, const AppendOptions& options) {
  if (auto ok = check_call(1, options); !ok) return std::unexpected(std::move(ok.error()));
  return do_append(std::span(&event, 1), options);
}

Result<Appended> EventStore::append_moved(std::vector<Event> events, const AppendOptions& options) {
  auto ok = check_call(events.size(), options);
  if (!ok) return std::unexpected(std::move(ok.error()));
  return do_append(events, options);
}

Result<Appended> EventStore::append(std::span<const Event> events, const AppendOptions& options) {
  return append(std::vector(events.begin(), events.end()), options);
}

void EventStore::append_async(std::vector<Event> events, const AppendOptions& options,
                              Completion done) {
  if (!done) done = [](const Result<Appended>&) {};
  auto ok = check_call(events.size(), options);
  if (!ok) return complete_append(done, std::unexpected(std::move(ok.error())));
  do_append_async(std::move(events), options, std::move(done));
}

void EventStore::do_append_async(std::vector<Event> events, const AppendOptions& options,
                                 Completion done) {
  complete_append(done, do_append(events, options));
}

}  // namespace aether
