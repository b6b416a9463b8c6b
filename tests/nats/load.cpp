// SPDX-License-Identifier: Apache-2.0
#include "nats/load.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <random>
#include <unordered_map>
#include <utility>

namespace aether::tests {
namespace {

using std::chrono::milliseconds;
using testing::Operation;
using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kPopularActors = 40;
constexpr std::size_t kMostEvents = 3;  // of a commit
constexpr milliseconds kLittleTime{300};
constexpr milliseconds kMuchTime{10'000};

template <class T>
void move_into(std::vector<T>& all, std::vector<T>& more) {
  std::ranges::move(more, std::back_inserter(all));
}

}  // namespace

void LoadRecord::add(LoadRecord other) {
  move_into(operations, other.operations);
  move_into(acks, other.acks);
  move_into(complaints, other.complaints);
  events += other.events;
  refused += other.refused;
  reads += other.reads;
  unknown += other.unknown;
  found += other.found;
  unavailable += other.unavailable;
}

class Load::Writer {
 public:
  Writer(Load& load, std::size_t number)
      : load_(load),
        store_(*load.stores_[number % load.stores_.size()]),
        record_(load.records_[number]),
        name_(std::to_string(number) + "."),
        random_(load.options_.seed * 1'000 + number) {}

  void run() {
    while (!load_.is_over_) {
      const bool is_popular = pick(8) == 0;
      const std::size_t actor = pick(is_popular ? std::min(kPopularActors, load_.options_.actors)
                                                : load_.options_.actors);
      Operation operation;
      operation.actor_id = "order-" + std::to_string(actor);
      // Seldom: all that was read is kept.
      if (pick(60) == 0) {
        read(std::move(operation));
      } else {
        append(std::move(operation));
      }
    }
  }

 private:
  enum class Manner { free, expecting, numbered };

  std::size_t pick(std::size_t count) {
    return std::uniform_int_distribution<std::size_t>(0, count - 1)(random_);
  }

  void complain(const Operation& operation, const Error& error) {
    record_.complaints.push_back(operation.actor_id + ": " + std::string(to_string(error.code)) +
                                 ": " + error.message);
  }

  void read(Operation operation) {
    operation.kind = Operation::Kind::read;
    operation.begun = ++load_.now_;
    const auto events = store_.read(operation.actor_id);
    operation.ended = ++load_.now_;
    if (!events) {
      // While nobody leads nothing can be read. All else is no answer.
      if (events.error().code != Errc::unavailable) complain(operation, events.error());
      return;
    }
    for (const EventPtr& event : *events) operation.places.push_back({event->version, event->id});
    ++record_.reads;
    record_.operations.push_back(std::move(operation));
  }

  void append(Operation operation) {
    const auto manner = static_cast<Manner>(pick(3));
    const Version latest = latest_of(operation.actor_id);
    std::vector<Event> events;
    const std::size_t count = 1 + pick(kMostEvents);
    for (std::size_t i = 0; i < count; ++i) {
      events.push_back({.id = name_ + std::to_string(++events_),
                        .event_type = "Changed",
                        .actor_id = operation.actor_id,
                        .version = manner == Manner::numbered ? latest + 1 + i : 0,
                        .data = Data::json(R"({"by":")" + name_ + "\"}")});
      operation.places.push_back({.version = 0, .id = events.back().id});
    }
    AppendOptions options{.timeout = pick(4) == 0 ? kLittleTime : kMuchTime};
    if (manner == Manner::expecting) options.expected_version = latest;
    operation.expected = options.expected_version;
    operation.begun = ++load_.now_;
    auto outcome = insist(events, options, manner != Manner::free);
    operation.ended = ++load_.now_;
    conclude(std::move(operation), outcome);
  }

  /// What this writer heard last, or else what the store says.
  Version latest_of(const std::string& actor_id) {
    const auto heard = heard_.find(actor_id);
    if (heard != heard_.end() && pick(2) == 0) return heard->second;
    const auto asked = store_.latest_version(actor_id);
    if (asked) return *asked;
    return heard == heard_.end() ? 0 : heard->second;
  }

  Result<Appended> insist(const std::vector<Event>& events, const AppendOptions& options,
                          bool is_repeatable) {
    bool was_unknown = false;
    while (true) {
      began_ = SteadyClock::now();
      auto outcome = store_.append(events, options);
      if (outcome) {
        if (was_unknown && outcome->stored_already) ++record_.found;
        return outcome;
      }
      if (outcome.error().code == Errc::unavailable) {
        ++record_.unavailable;
      } else if (outcome.error().code == Errc::outcome_unknown) {
        ++record_.unknown;
        was_unknown = true;
        if (!is_repeatable) return outcome;
      } else {
        return outcome;
      }
    }
  }

  void conclude(Operation operation, const Result<Appended>& outcome) {
    using Kind = Operation::Kind;
    if (outcome) {
      const Time now = SteadyClock::now();
      record_.acks.push_back({.begun = began_, .ended = now});
      record_.events += operation.places.size();
      operation.kind = Kind::accepted;
      operation.position = outcome->position;
      Version version = outcome->version - operation.places.size();
      for (Operation::Place& place : operation.places) place.version = ++version;
      heard_[operation.actor_id] = version;
      tell();
    } else if (outcome.error().code == Errc::version_conflict) {
      ++record_.refused;
      operation.kind = Kind::refused;
      operation.latest = outcome.error().actor_version;
      heard_[operation.actor_id] = operation.latest;
    } else if (outcome.error().code == Errc::outcome_unknown) {
      operation.kind = Kind::unknown;
    } else {
      return complain(operation, outcome.error());
    }
    record_.operations.push_back(std::move(operation));
  }

  void tell() {
    ++load_.acknowledged_;
    const Time::rep begun = began_.time_since_epoch().count();
    Time::rep last = load_.last_begun_;
    while (last < begun && !load_.last_begun_.compare_exchange_weak(last, begun)) {
    }
  }

  Load& load_;
  EventStore& store_;
  LoadRecord& record_;
  const std::string name_;
  std::mt19937_64 random_;
  std::size_t events_ = 0;
  std::unordered_map<std::string, Version> heard_;
  Time began_{};  ///< the last try
};

Load::Load(std::vector<EventStore*> stores, const LoadOptions& options)
    : stores_(std::move(stores)), options_(options), records_(options.writers) {
  for (std::size_t i = 0; i < options.writers; ++i) {
    threads_.emplace_back([this, i] { Writer(*this, i).run(); });
  }
}

void Load::stop() {
  is_over_ = true;
  threads_.clear();
}

bool Load::goes_on_since(Time moment) const {
  return last_begun_ > moment.time_since_epoch().count();
}

LoadRecord Load::take_record() {
  LoadRecord all;
  for (LoadRecord& record : records_) all.add(std::move(record));
  records_.clear();
  return all;
}

}  // namespace aether::tests
