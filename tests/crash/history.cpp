// SPDX-License-Identifier: Apache-2.0
#include "history.hpp"

#include "aether/core/uuid.hpp"

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

namespace aether::crash {
namespace {

constexpr std::uint64_t kGrowthCommits = 100;  // payloads have their full size after so many

std::string letters(Random& random, std::size_t size) {
  std::string text(size, ' ');
  for (char& letter : text) letter = static_cast<char>('a' + random.below(26));
  return text;
}

std::string any_bytes(Random& random, std::size_t size) {
  std::string text(size, ' ');
  for (char& byte : text) byte = static_cast<char>(random.next() & 0xffU);
  return text;
}

std::string make_id(Random& random, const std::string& history, std::uint64_t number) {
  if (random.coin()) return "event-" + history + "-" + std::to_string(number);
  Uuid uuid{};
  for (auto& byte : uuid) byte = static_cast<std::uint8_t>(random.next() & 0xffU);
  return format_uuid(uuid);
}

Timestamp make_time(std::uint64_t number) {
  constexpr std::chrono::sys_seconds kStart{std::chrono::seconds{1'700'000'000}};
  return kStart + std::chrono::nanoseconds{number * 1'000'003};
}

}  // namespace

History::History(HistoryOptions options)
    : options_(std::move(options)), random_(options_.seed), versions_(options_.actors) {}

const Commit& History::next() {
  const std::size_t events =
      random_.coin() ? 1 : static_cast<std::size_t>(random_.between(1, options_.max_events));
  const std::size_t first_actor = random_.below(options_.actors);
  const std::size_t span = random_.below(4) == 0 ? 3 : 1;
  Commit commit;
  for (std::size_t i = 0; i < events; ++i) {
    commit.push_back(make_event((first_actor + random_.below(span)) % options_.actors));
  }
  commits_.push_back(std::move(commit));
  return commits_.back();
}

Event History::make_event(std::size_t actor) {
  ++events_;
  versions_[actor] += random_.below(8) == 0 ? random_.between(2, 5) : 1;
  Event event{.id = make_id(random_, options_.name, events_),
              .event_type = "Type" + std::to_string(random_.below(5)),
              .actor_id = "crash-" + options_.name + "." + std::to_string(actor),
              .version = versions_[actor],
              .data = make_data(),
              .metadata = {},
              .timestamp = make_time(events_)};
  if (random_.below(3) == 0) event.metadata["correlation_id"] = letters(random_, 12);
  if (random_.below(9) == 0) event.metadata["user"] = letters(random_, random_.below(200));
  return event;
}

Data History::make_data() {
  const std::size_t grown = 20 + options_.max_data_bytes * (commits_.size() + 1) / kGrowthCommits;
  const std::size_t size = random_.below(std::min(grown, options_.max_data_bytes));
  switch (random_.below(6)) {
    case 0:
      return Data::bytes(any_bytes(random_, size), "application/protobuf");
    case 1:
      return {};
    default:
      return Data::json(R"({"text":")" + letters(random_, size) + R"(","sum":0.10})");
  }
}

Snapshot History::snapshot() {
  std::size_t actor = random_.below(options_.actors);
  for (std::size_t i = 0; i < options_.actors && versions_[actor] == 0; ++i) {
    actor = (actor + 1) % options_.actors;
  }
  ++snapshots_;
  return {.actor_id = "crash-" + options_.name + "." + std::to_string(actor),
          .version = versions_[actor],
          .schema = "crash/" + std::to_string(snapshots_),  // tells snapshots apart
          .data = make_data(),
          .timestamp = make_time(snapshots_)};
}

std::vector<std::string> actors_of(std::span<const Commit> commits) {
  std::set<std::string> actors;
  for (const Commit& commit : commits) {
    for (const Event& event : commit) actors.insert(event.actor_id);
  }
  return {actors.begin(), actors.end()};
}

}  // namespace aether::crash
