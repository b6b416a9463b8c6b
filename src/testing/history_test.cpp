// SPDX-License-Identifier: Apache-2.0
#include "testing/history.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace aether::testing {
namespace {

using ::testing::IsEmpty;
using ::testing::Not;
using Kind = Operation::Kind;

struct History {
  std::vector<Operation> operations;
  std::vector<FinalState> finals;

  FinalState& final_of(const std::string& actor_id) {
    return *std::ranges::find(finals, actor_id, &FinalState::actor_id);
  }
};

/// A linearizable history: each operation takes effect at its own moment, its beginning and end lie
/// around it and overlap with those of others.
class Simulation {
 public:
  explicit Simulation(unsigned seed) : random_(seed) {}

  History run(std::size_t operations) {
    for (std::size_t i = 0; i < operations; ++i) {
      Operation operation;
      operation.actor_id = "order-" + std::to_string(pick(3));
      act(operation, i);
      // Effects are at multiples of 100; nothing else is, so that no two moments are the same.
      const Moment effect = (i + 10) * 100;
      operation.begun = effect - 1 - pick(4) * 100 - i % 90;
      operation.ended = effect + 1 + pick(4) * 100 + i % 90;
      history_.operations.push_back(std::move(operation));
    }
    for (const auto& [actor_id, places] : actors_) history_.finals.push_back({actor_id, places});
    return std::move(history_);
  }

 private:
  std::size_t pick(std::size_t count) {
    return std::uniform_int_distribution<std::size_t>(0, count - 1)(random_);
  }

  void act(Operation& operation, std::size_t number) {
    auto& places = actors_[operation.actor_id];
    const Version latest = places.empty() ? 0 : places.back().version;
    if (pick(10) < 3) {
      operation.kind = Kind::read;
      operation.places = places;
      return;
    }
    const std::size_t write = pick(7);
    if (write < 2) {
      operation.kind = Kind::refused;
      operation.latest = latest;
      operation.expected = latest + 1;
      operation.places = {{0, "refused " + std::to_string(number)}};
      return;
    }
    operation.kind = write == 2 ? Kind::unknown : Kind::accepted;
    if (pick(2) == 0) operation.expected = latest;
    Version version = latest;
    for (std::size_t i = 0; i <= pick(3); ++i) {
      version += 1 + pick(2);
      operation.places.push_back({version, std::to_string(number) + "/" + std::to_string(i)});
    }
    const bool lost = operation.kind == Kind::unknown && pick(2) == 0;
    if (!lost) places.insert(places.end(), operation.places.begin(), operation.places.end());
    operation.position = (number + 1) * 1'000;
  }

  std::mt19937 random_;
  std::map<std::string, std::vector<Operation::Place>> actors_;
  History history_;
};

/// Spoils a history. False: this one offers no place to do so.
using Mutation = std::function<bool(History& history, std::mt19937& random)>;

/// An operation of which `fits` holds, chosen at random.
Operation* choose(History& history, std::mt19937& random,
                  const std::function<bool(const Operation&)>& fits) {
  std::vector<Operation*> candidates;
  for (Operation& operation : history.operations) {
    if (fits(operation)) candidates.push_back(&operation);
  }
  if (candidates.empty()) return nullptr;
  return candidates[random() % candidates.size()];
}

bool is_accepted(const Operation& operation) { return operation.kind == Kind::accepted; }
bool is_read(const Operation& operation) {
  return operation.kind == Kind::read && !operation.places.empty();
}

/// A pair of operations on one actor, the second begun after the first had ended.
std::pair<Operation*, Operation*> choose_sequel(
    History& history, std::mt19937& random, const std::function<bool(const Operation&)>& first_fits,
    const std::function<bool(const Operation&)>& second_fits) {
  Operation* first = choose(history, random, first_fits);
  if (first == nullptr) return {};
  Operation* second = choose(history, random, [&](const Operation& other) {
    return second_fits(other) && other.actor_id == first->actor_id && other.begun > first->ended;
  });
  return {first, second};
}

// NOLINTNEXTLINE(readability-function-*): a list of small functions
const std::map<std::string, Mutation>& mutations() {
  static const std::map<std::string, Mutation> all{
      {"an accepted event is lost",
       [](History& h, std::mt19937& r) {
         const Operation* victim = choose(h, r, is_accepted);
         if (victim == nullptr) return false;
         std::erase(h.final_of(victim->actor_id).places, victim->places.back());
         return true;
       }},
      {"an accepted event is stored twice",
       [](History& h, std::mt19937& r) {
         const Operation* victim = choose(h, r, is_accepted);
         if (victim == nullptr) return false;
         auto& places = h.final_of(victim->actor_id).places;
         places.push_back({places.back().version + 1, victim->places.front().id});
         return true;
       }},
      {"an accepted event is stored at another version",
       [](History& h, std::mt19937& r) {
         Operation* victim = choose(h, r, is_accepted);
         if (victim == nullptr) return false;
         victim->places.front().version += 1'000'000;
         return true;
       }},
      {"an event is there that nobody appended",
       [](History& h, std::mt19937& r) {
         auto& places = h.finals[r() % h.finals.size()].places;
         places.push_back({places.empty() ? 1 : places.back().version + 1, "phantom"});
         return true;
       }},
      {"a refused event is stored",
       [](History& h, std::mt19937& r) {
         const Operation* victim =
             choose(h, r, [](const Operation& o) { return o.kind == Kind::refused; });
         if (victim == nullptr) return false;
         auto& places = h.final_of(victim->actor_id).places;
         places.push_back(
             {places.empty() ? 1 : places.back().version + 1, victim->places.front().id});
         return true;
       }},
      {"half of an unknown commit is stored",
       [](History& h, std::mt19937& r) {
         const Operation* victim = choose(h, r, [&h](const Operation& o) {
           return o.kind == Kind::unknown && o.places.size() > 1 &&
                  !std::ranges::search(h.final_of(o.actor_id).places, o.places).empty();
         });
         if (victim == nullptr) return false;
         std::erase(h.final_of(victim->actor_id).places, victim->places.back());
         return true;
       }},
      {"two writers are accepted at one version",
       [](History& h, std::mt19937& r) {
         const Operation* victim = choose(h, r, is_accepted);
         if (victim == nullptr) return false;
         Operation twin = *victim;
         for (auto& place : twin.places) place.id += " twin";
         h.operations.push_back(std::move(twin));
         return true;
       }},
      {"a commit is accepted although another came before it",
       [](History& h, std::mt19937& r) {
         Operation* victim = choose(h, r, is_accepted);
         if (victim == nullptr) return false;
         victim->expected = victim->places.front().version;
         return true;
       }},
      {"a refusal was not justified",
       [](History& h, std::mt19937& r) {
         Operation* victim =
             choose(h, r, [](const Operation& o) { return o.kind == Kind::refused; });
         if (victim == nullptr) return false;
         victim->expected = victim->latest;
         return true;
       }},
      {"a read has a hole",
       [](History& h, std::mt19937& r) {
         Operation* victim =
             choose(h, r, [](const Operation& o) { return is_read(o) && o.places.size() > 1; });
         if (victim == nullptr) return false;
         victim->places.erase(victim->places.begin());
         return true;
       }},
      {"a read has events in another order",
       [](History& h, std::mt19937& r) {
         Operation* victim =
             choose(h, r, [](const Operation& o) { return is_read(o) && o.places.size() > 1; });
         if (victim == nullptr) return false;
         std::swap(victim->places.front(), victim->places.back());
         return true;
       }},
      {"a read misses what had been accepted before",
       [](History& h, std::mt19937& r) {
         const auto [append, read] = choose_sequel(h, r, is_accepted, is_read);
         if (read == nullptr) return false;
         read->places.erase(std::ranges::find(read->places, append->places.back()),
                            read->places.end());
         return true;
       }},
      {"a read goes back behind an earlier one",
       [](History& h, std::mt19937& r) {
         const auto [first, second] = choose_sequel(h, r, is_read, is_read);
         if (second == nullptr) return false;
         second->places.resize(first->places.size() - 1);
         return true;
       }},
      {"a read sees what was appended only later",
       [](History& h, std::mt19937& r) {
         const auto [read, append] = choose_sequel(h, r, is_read, is_accepted);
         if (append == nullptr) return false;
         const auto& places = h.final_of(read->actor_id).places;
         const auto end = std::ranges::find(places, append->places.front()) + 1;
         read->places.assign(places.begin(), end);
         return true;
       }},
      {"a conflict tells a version that had been left behind",
       [](History& h, std::mt19937& r) {
         const auto [append, refused] = choose_sequel(
             h, r, is_accepted, [](const Operation& o) { return o.kind == Kind::refused; });
         if (refused == nullptr) return false;
         const auto& places = h.final_of(append->actor_id).places;
         const auto at = std::ranges::find(places, append->places.front());
         refused->latest = at == places.begin() ? 0 : std::prev(at)->version;
         refused->expected = refused->latest + 1;
         return true;
       }},
      {"an append overtakes one that had ended before it began",
       [](History& h, std::mt19937& r) {
         const auto [first, second] = choose_sequel(h, r, is_accepted, is_accepted);
         if (second == nullptr) return false;
         std::swap(first->begun, second->begun);
         std::swap(first->ended, second->ended);
         return true;
       }},
      {"a later append gets an earlier position",
       [](History& h, std::mt19937& r) {
         Operation* first = choose(h, r, is_accepted);
         Operation* second = choose(
             h, r, [&](const Operation& o) { return is_accepted(o) && o.begun > first->ended; });
         if (second == nullptr) return false;
         second->position = first->position - 1;
         return true;
       }},
  };
  return all;
}

constexpr unsigned kSeeds = 50;
constexpr std::size_t kOperations = 200;

TEST(History, OfARightStoreHasNoViolation) {
  for (unsigned seed = 0; seed < kSeeds; ++seed) {
    const History history = Simulation(seed).run(kOperations);
    EXPECT_THAT(check_history(history.operations, history.finals), IsEmpty()) << "seed " << seed;
  }
}

TEST(History, OfAWrongStoreHasOne) {
  for (const auto& [name, mutate] : mutations()) {
    unsigned made = 0;
    for (unsigned seed = 0; seed < kSeeds; ++seed) {
      History history = Simulation(seed).run(kOperations);
      std::mt19937 random(seed);
      if (!mutate(history, random)) continue;
      ++made;
      EXPECT_THAT(check_history(history.operations, history.finals), Not(IsEmpty()))
          << name << ", seed " << seed;
    }
    EXPECT_GT(made, kSeeds / 2) << name << " was hardly ever tried";
  }
}

TEST(History, OfNothingHasNoViolation) { EXPECT_THAT(check_history({}, {}), IsEmpty()); }

}  // namespace
}  // namespace aether::testing
