// SPDX-License-Identifier: Apache-2.0
#include "testing/event_store_fixture.hpp"
#include "testing/history.hpp"
#include "testing/waiting.hpp"

#include <atomic>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace aether::testing {

namespace {

using Kind = Operation::Kind;

constexpr std::size_t kClients = 6;
constexpr std::size_t kOperations = 120;  // of each client
constexpr std::size_t kActors = 3;

/// A client that appends and reads at random, and writes down what it did.
class Client {
 public:
  Client(EventStore& store, std::atomic<Moment>& now, std::size_t number)
      : store_(store), now_(now), name_(std::to_string(number)), random_(number) {}

  void run() {
    for (std::size_t i = 0; i < kOperations; ++i) {
      Operation operation;
      operation.actor_id = "order-" + std::to_string(pick(kActors));
      if (pick(3) == 0) {
        read(operation);
      } else {
        append(operation);
      }
      done_.push_back(std::move(operation));
    }
  }

  [[nodiscard]] const std::vector<Operation>& done() const { return done_; }

 private:
  std::size_t pick(std::size_t count) {
    return std::uniform_int_distribution<std::size_t>(0, count - 1)(random_);
  }

  void read(Operation& operation) {
    operation.begun = ++now_;
    const auto events = store_.read(operation.actor_id);
    operation.ended = ++now_;
    ASSERT_THAT(events, Succeeds());
    for (const EventPtr& event : *events) operation.places.push_back({event->version, event->id});
  }

  void append(Operation& operation) {
    std::vector<Event> events;
    for (std::size_t i = 0; i <= pick(3); ++i) {
      events.push_back(event_with_id(operation.actor_id, name_ + "/" + std::to_string(++events_)));
      operation.places.push_back({0, events.back().id});
    }
    AppendOptions options;
    if (pick(2) == 0) options.expected_version = store_.latest_version(operation.actor_id).value();
    operation.expected = options.expected_version;
    operation.begun = ++now_;
    const auto appended = store_.append(std::move(events), options);
    operation.ended = ++now_;
    if (appended) {
      operation.kind = Kind::accepted;
      operation.position = appended->position;
      Version version = appended->version - operation.places.size();
      for (Operation::Place& place : operation.places) place.version = ++version;
    } else if (appended.error().code == Errc::version_conflict) {
      operation.kind = Kind::refused;
      operation.latest = appended.error().actor_version;
    } else {
      ASSERT_EQ(appended.error().code, Errc::outcome_unknown) << appended.error().message;
      operation.kind = Kind::unknown;
    }
  }

  EventStore& store_;
  std::atomic<Moment>& now_;
  const std::string name_;
  std::mt19937_64 random_;
  std::size_t events_ = 0;
  std::vector<Operation> done_;
};

void what_clients_saw_has_one_explanation(EventStoreTest& t) {
  std::atomic<Moment> now{0};
  std::vector<Client> clients;
  clients.reserve(kClients);
  for (std::size_t i = 0; i < kClients; ++i) clients.emplace_back(t.store(), now, i);
  run_together(kClients, [&](std::size_t i) { clients[i].run(); });
  ASSERT_FALSE(t.HasFailure());

  std::vector<Operation> operations;
  for (const Client& client : clients) {
    operations.insert(operations.end(), client.done().begin(), client.done().end());
  }
  std::vector<FinalState> finals;
  for (std::size_t i = 0; i < kActors; ++i) {
    FinalState state{.actor_id = "order-" + std::to_string(i), .places = {}};
    for (const EventPtr& event : t.read(state.actor_id)) {
      state.places.push_back({event->version, event->id});
    }
    finals.push_back(std::move(state));
  }

  for (const std::string& violation : check_history(operations, finals)) ADD_FAILURE() << violation;
}

}  // namespace

Cases history_cases() {
  return {{"WhatClientsSawHasOneExplanation", what_clients_saw_has_one_explanation}};
}

}  // namespace aether::testing
