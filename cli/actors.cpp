// SPDX-License-Identifier: Apache-2.0
#include "aether/core/names.hpp"
#include "event_printer.hpp"
#include "progress.hpp"
#include "table.hpp"
#include "text.hpp"
#include "verbs.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <map>
#include <utility>

namespace aether::cli {
namespace {

struct Summary {
  std::uint64_t events = 0;
  Version version = 0;
  Timestamp last{};
};

using Summaries = std::map<std::string, Summary, std::less<>>;

Result<Summaries> summarize(EventStore& store, const Filter& filter, const Session& session) {
  Summaries summaries;
  Progress progress("actors", "event");
  std::uint64_t events = 0;
  for (Position after = 0;;) {
    const auto page = store.read_all(filter, after, kPageEvents);
    if (!page) return std::unexpected(page.error());
    if (page->events.empty()) return summaries;
    for (const EventPtr& event : page->events) {
      Summary& summary = summaries[event->actor_id];
      ++summary.events;
      summary.version = event->version;
      summary.last = event->timestamp;
    }
    after = page->next;
    events += page->events.size();
    progress.update({.done = events});
    if (session.signals.caught() != 0) return fail(Errc::closed, "interrupted");
  }
}

void print_json(const Summaries& summaries, Console& console) {
  for (const auto& [actor_id, summary] : summaries) {
    console.say_json({{"actorId", actor_id},
                      {"category", category_of(actor_id)},
                      {"events", summary.events},
                      {"version", summary.version},
                      {"lastTimestamp", format_timestamp(summary.last)}});
  }
}

void print_table(const Summaries& summaries, Console& console) {
  constexpr auto kRight = Column::Align::right;
  Table table(console.out(), console.style(),
              {{.title = "ACTOR"},
               {.title = "CATEGORY"},
               {.title = "EVENTS", .align = kRight},
               {.title = "VERSION", .align = kRight},
               {.title = "LAST EVENT"}});
  for (const auto& [actor_id, summary] : summaries) {
    table.add({escape(actor_id), escape(category_of(actor_id)), std::to_string(summary.events),
               std::to_string(summary.version), short_time(summary.last)});
  }
  table.settle();
  if (table.rows() == 0) console.say("No actors.");
}

}  // namespace

Outcome run(const Actors& verb, const Session& session) {
  auto store = session.open();
  if (!store) return std::unexpected(std::move(store.error()));

  const auto summaries = summarize(*store->events, {.category = verb.category}, session);
  if (!summaries) return std::unexpected(summaries.error());
  if (session.console.json()) {
    print_json(*summaries, session.console);
  } else {
    print_table(*summaries, session.console);
  }
  return ExitCode::ok;
}

}  // namespace aether::cli
