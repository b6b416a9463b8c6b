// SPDX-License-Identifier: Apache-2.0
#include "aether/projection/projector.hpp"
#include "aether/sqlite/read_model.hpp"
#include "event_printer.hpp"
#include "progress.hpp"
#include "table.hpp"
#include "text.hpp"
#include "verbs.hpp"
#include "wakeup.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <limits>
#include <utility>

namespace aether::cli {
namespace {

using Json = nlohmann::ordered_json;
using sqlite::ModelProjection;
using std::chrono::milliseconds;

constexpr auto kRight = Column::Align::right;

/// All, or the one with the key `name`.
Result<std::vector<ModelProjection>> projections_of(const std::string& model,
                                                    const std::string& name) {
  auto all = sqlite::list_projections(model);
  if (!all || name.empty()) return all;
  std::erase_if(*all, [&](const ModelProjection& one) { return one.key != name; });
  if (!all->empty()) return all;
  return fail(Errc::not_found, "the read model \"" + escape(model) + "\" has no projection \"" +
                                   escape(name) + "\": see aether projection ls");
}

std::string seconds_text(std::chrono::nanoseconds time) {
  constexpr std::int64_t kMillion = 1'000'000;
  const std::int64_t tenths = time.count() / (100 * kMillion);
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " s";
}

double seconds_of(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}

/// What is to be said of a rebuild that is, or was, asked for; "": nothing.
std::string rebuild_text(const sqlite::ModelInfo& model) {
  const std::string error = escape(model.rebuild_error);
  if (!error.empty()) {
    return (model.rebuild ? "A rebuild has failed, and is tried again: "
                          : "A rebuild has failed: ") +
           error;
  }
  return model.rebuild ? "A rebuild is asked for, or running." : "";
}

std::string lag_text(const Lag& lag) {
  return (lag.at_least ? "at least " : "") + count_of(lag.events, "event");
}

Result<std::vector<Position>> positions_of(const std::vector<std::string>& texts) {
  std::vector<Position> positions;
  for (const std::string& text : texts) {
    Position position = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), position);
    if (error != std::errc{} || end != text.data() + text.size() || position == 0) {
      return fail(Errc::invalid_argument, "\"" + escape(text) + "\" is not a position");
    }
    positions.push_back(position);
  }
  return positions;
}

}  // namespace

Outcome run(const ListProjections& verb, const Session& session) {
  const auto projections = sqlite::list_projections(verb.model);
  if (!projections) return std::unexpected(projections.error());
  const auto info = sqlite::describe_model(verb.model);
  if (!info) return std::unexpected(info.error());
  Console& console = session.console;
  Table table(console.out(), console.style(),
              {{.title = "PROJECTION"},
               {.title = "POSITION", .align = kRight},
               {.title = "PARKED", .align = kRight},
               {.title = "DROPPED", .align = kRight},
               {.title = "UPDATED"},
               {.title = "EVENTS"}});
  for (const ModelProjection& one : *projections) {
    const std::string filter = format_filter(one.projection.filter);
    if (console.json()) {
      console.say_json({{"key", one.key},
                        {"name", one.projection.name},
                        {"partition", one.projection.partition.index},
                        {"partitions", one.projection.partition.count},
                        {"position", one.checkpoint.position},
                        {"parked", one.parked},
                        {"dropped", one.dropped},
                        {"updated", format_timestamp(one.updated_at)},
                        {"filter", filter},
                        {"rebuildAsked", info->rebuild},
                        {"rebuildError", info->rebuild_error}});
    } else {
      table.add({escape(one.key), std::to_string(one.checkpoint.position),
                 std::to_string(one.parked), std::to_string(one.dropped),
                 short_time(one.updated_at), escape(filter)});
    }
  }
  table.settle();
  if (console.json()) return ExitCode::ok;
  if (projections->empty()) console.say("No projections.");
  if (const std::string rebuild = rebuild_text(*info); !rebuild.empty()) console.say(rebuild);
  return ExitCode::ok;
}

Outcome run(const ProjectionLag& verb, const Session& session) {
  const auto projections = projections_of(verb.model, verb.name);
  if (!projections) return std::unexpected(projections.error());
  auto store = session.open();
  if (!store) return std::unexpected(std::move(store.error()));

  Console& console = session.console;
  Table table(console.out(), console.style(),
              {{.title = "PROJECTION"},
               {.title = "POSITION", .align = kRight},
               {.title = "BEHIND"},
               {.title = "FOR", .align = kRight}});
  for (const ModelProjection& one : *projections) {
    const auto lag = measure_lag(*store->events, one.projection, one.checkpoint.position, verb.cap,
                                 system_clock());
    if (!lag) return std::unexpected(lag.error());
    if (console.json()) {
      console.say_json({{"key", one.key},
                        {"position", one.checkpoint.position},
                        {"events", lag->events},
                        {"atLeast", lag->at_least},
                        {"seconds", seconds_of(lag->time)}});
    } else {
      table.add({escape(one.key), std::to_string(one.checkpoint.position), lag_text(*lag),
                 seconds_text(lag->time)});
    }
    if (session.signals.caught() != 0) {
      return std::unexpected(Error{.code = Errc::closed, .message = "interrupted"});
    }
  }
  table.settle();
  if (projections->empty() && !console.json()) console.say("No projections.");
  return ExitCode::ok;
}

namespace {

void print_parked(const std::string& key, const std::vector<ParkedEvent>& events, Table& table,
                  Console& console) {
  for (const ParkedEvent& event : events) {
    if (console.json()) {
      console.say_json({{"projection", key},
                        {"position", event.position},
                        {"actorId", event.actor_id},
                        {"version", event.version},
                        {"id", event.event_id},
                        {"eventType", event.event_type},
                        {"attempts", event.attempts},
                        {"parked", format_timestamp(event.parked_at)},
                        {"error", event.error}});
      continue;
    }
    const std::string why = event.error.empty() ? "waits for an earlier one" : event.error;
    table.add({escape(key), std::to_string(event.position), escape(event.actor_id),
               std::to_string(event.version), escape(event.event_type),
               std::to_string(event.attempts), escape(why)});
  }
}

/// To the projection that is meant: the only one, where none is named.
Outcome ask(const Parked& verb, const std::vector<ModelProjection>& projections,
            const Session& session) {
  if (projections.size() != 1) {
    return std::unexpected(Error{
        .code = projections.empty() ? Errc::not_found : Errc::invalid_argument,
        .message = projections.empty() ? "the read model keeps no projection yet"
                                       : "the read model has several projections: say which one"});
  }
  auto positions = positions_of(verb.drop);
  if (!positions) return std::unexpected(std::move(positions.error()));
  const auto asked = sqlite::request_of_projector(
      verb.model, projections.front().key, {.retry = verb.retry, .drop = std::move(*positions)});
  if (!asked) return std::unexpected(asked.error());
  if (!session.console.json()) {
    session.console.say(
        "Asked. The program that feeds the model does it within about a second; "
        "what is listed here then is parked still.");
  }
  return ExitCode::ok;
}

}  // namespace

Outcome run(const Parked& verb, const Session& session) {
  const auto projections = projections_of(verb.model, verb.name);
  if (!projections) return std::unexpected(projections.error());
  if (!verb.retry.empty() || !verb.drop.empty()) return ask(verb, *projections, session);

  Console& console = session.console;
  Table table(console.out(), console.style(),
              {{.title = "PROJECTION"},
               {.title = "POSITION", .align = kRight},
               {.title = "ACTOR"},
               {.title = "VERSION", .align = kRight},
               {.title = "TYPE"},
               {.title = "TRIES", .align = kRight},
               {.title = "ERROR"}});
  std::size_t count = 0;
  for (const ModelProjection& one : *projections) {
    const auto events = sqlite::list_parked(verb.model, one.key);
    if (!events) return std::unexpected(events.error());
    print_parked(one.key, *events, table, console);
    count += events->size();
  }
  table.settle();
  if (count == 0 && !console.json()) console.say("No parked events.");
  return ExitCode::ok;
}

namespace {

constexpr milliseconds kLook{200};
constexpr std::chrono::seconds kSilence{5};  // a projector looks for requests once a second

Position reached(const std::vector<ModelProjection>& projections) {
  Position position = std::numeric_limits<Position>::max();
  for (const ModelProjection& one : projections) {
    position = std::min(position, one.checkpoint.position);
  }
  return projections.empty() ? 0 : position;
}

/// Until the rebuild that was asked for has ended.
Result<void> await_rebuild(const std::string& model, const std::string& origin,
                           const Session& session) {
  Progress progress("rebuild", "position");
  auto moved = std::chrono::steady_clock::now();
  Position position = 0;
  std::string told;  // of how it fails
  const auto tell = [&](const std::string& text) {
    if (text == told) return;
    told = text;
    progress.clear();
    session.console.tell(text);
  };
  while (true) {
    const std::array<int, 1> inputs{session.signals.fd()};
    if (wait_for_any(inputs, -1, kLook)) {
      return fail(Errc::closed, "interrupted; the rebuild goes on, or will be begun");
    }
    const auto info = sqlite::describe_model(model);
    if (!info) return std::unexpected(info.error());
    if (info->origin != origin) return {};
    if (!info->rebuild) {
      return fail(Errc::unavailable, "the rebuild has failed, and the model is as it was: " +
                                         escape(info->rebuild_error));
    }
    if (!info->rebuild_error.empty()) tell(rebuild_text(*info));
    const auto twin = sqlite::list_projections(model + ".rebuild");
    const auto live = sqlite::list_projections(model);
    if (twin && live && reached(*twin) != position) {
      position = reached(*twin);
      moved = std::chrono::steady_clock::now();
      progress.update({.done = position, .part = position, .whole = reached(*live)});
    }
    if (told.empty() && std::chrono::steady_clock::now() - moved > kSilence) {
      tell("No progress for 5 seconds. Does a program feed the model? Waiting...");
    }
  }
}

}  // namespace

Outcome run(const RebuildModel& verb, const Session& session) {
  const auto before = sqlite::describe_model(verb.model);
  if (!before) return std::unexpected(before.error());
  const auto projections = sqlite::list_projections(verb.model);
  if (!projections) return std::unexpected(projections.error());
  if (projections->empty()) {
    return std::unexpected(Error{.code = Errc::not_found,
                                 .message = "the read model keeps no projection: there is nothing "
                                            "to rebuild"});
  }
  const auto asked =
      sqlite::request_of_projector(verb.model, projections->front().key,
                                   {.rebuild = true, .handle_dropped = verb.handle_dropped});
  if (!asked) return std::unexpected(asked.error());
  Console& console = session.console;
  if (verb.no_wait) {
    if (!console.json()) console.say("Asked. The program that feeds the model will rebuild it.");
    return ExitCode::ok;
  }
  if (auto ended = await_rebuild(verb.model, before->origin, session); !ended) {
    return std::unexpected(std::move(ended.error()));
  }
  const auto after = sqlite::list_projections(verb.model);
  if (!after) return std::unexpected(after.error());
  if (console.json()) {
    console.say_json({{"rebuilt", true}, {"position", reached(*after)}});
  } else {
    console.say("Rebuilt, up to position " + std::to_string(reached(*after)) + ".");
  }
  return ExitCode::ok;
}

}  // namespace aether::cli
