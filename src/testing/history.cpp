// SPDX-License-Identifier: Apache-2.0
#include "testing/history.hpp"

#include "core/text.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace aether::testing {

namespace {

using Place = Operation::Place;
using Kind = Operation::Kind;

/// An operation as the change or sight of a length: it took its actor's history from `before` to
/// `after` events, or saw it at both. With positions in their place, the same for the whole store.
struct Step {
  const Operation* operation;
  std::uint64_t before;
  std::uint64_t after;
};

class Checker {
 public:
  explicit Checker(const std::vector<FinalState>& finals) {
    for (const FinalState& state : finals) {
      actors_[state.actor_id].places = &state.places;
      index(state);
    }
  }

  std::vector<std::string> check(const std::vector<Operation>& operations) {
    for (const Operation& operation : operations) {
      Actor& actor = actors_[operation.actor_id];
      if (actor.places == nullptr) actor.places = &kNoPlaces;
      check_operation(operation, actor);
    }
    for (const auto& [actor_id, actor] : actors_) {
      for (const Place& place : *actor.places) {
        if (!appended_.contains(place.id)) report(actor_id, place, "was appended by nobody");
      }
    }
    for (auto& [actor_id, actor] : actors_) {
      check_time(actor.steps, concat("of ", quoted(actor_id), " events"));
    }
    check_time(positions_, "positions");
    return std::move(violations_);
  }

 private:
  struct Actor {
    const std::vector<Place>* places = nullptr;
    std::vector<Step> steps;
  };
  struct Where {
    std::string_view actor_id;
    std::size_t index;
  };

  inline static const std::vector<Place> kNoPlaces{};

  void report(std::string_view actor_id, const Place& place, std::string_view what) {
    violations_.push_back(concat("event ", quoted(place.id), " at version ", place.version, " of ",
                                 quoted(actor_id), " ", what));
  }
  void report(const Operation& operation, std::string_view what) {
    violations_.push_back(concat("the operation on ", quoted(operation.actor_id),
                                 " between moments ", operation.begun, " and ", operation.ended,
                                 " ", what));
  }

  void index(const FinalState& state) {
    Version last = 0;
    for (std::size_t i = 0; i < state.places.size(); ++i) {
      const Place& place = state.places[i];
      if (place.version <= last) report(state.actor_id, place, "is not in the order of versions");
      last = place.version;
      if (!where_.try_emplace(place.id, Where{.actor_id = state.actor_id, .index = i}).second) {
        report(state.actor_id, place, "is there twice");
      }
    }
  }

  void check_operation(const Operation& operation, Actor& actor) {
    switch (operation.kind) {
      case Kind::accepted:
        return check_accepted(operation, actor);
      case Kind::refused:
        return check_refused(operation, actor);
      case Kind::unknown:
        return check_unknown(operation, actor);
      case Kind::read:
        return check_read(operation, actor);
    }
  }

  /// Where the commit begins in its actor's history, if all of it is there and unbroken.
  std::optional<std::size_t> find_commit(const Operation& operation) {
    std::optional<std::size_t> first;
    for (std::size_t i = 0; i < operation.places.size(); ++i) {
      const auto found = where_.find(operation.places[i].id);
      if (found == where_.end() || found->second.actor_id != operation.actor_id) {
        return std::nullopt;
      }
      if (!first) first = found->second.index;
      if (found->second.index != *first + i) return std::nullopt;
    }
    return first;
  }

  void check_accepted(const Operation& operation, Actor& actor) {
    for (const Place& place : operation.places) appended_.insert(place.id);
    const auto first = find_commit(operation);
    if (!first) return report(operation, "was accepted, but its commit is not there, or not whole");
    const auto stored = std::span(*actor.places).subspan(*first, operation.places.size());
    if (!std::ranges::equal(stored, operation.places)) {
      report(operation, "was accepted at other versions than it is stored at");
    }
    const Version previous = *first == 0 ? 0 : (*actor.places)[*first - 1].version;
    if (operation.expected && *operation.expected != previous) {
      report(operation, concat("expected version ", *operation.expected,
                               " and was accepted after version ", previous));
    }
    actor.steps.push_back({&operation, *first, *first + operation.places.size()});
    // A single event takes the place at its position: it must be over all that came before.
    positions_.push_back({&operation, operation.position - 1, operation.position});
  }

  void check_refused(const Operation& operation, Actor& actor) {
    for (const Place& place : operation.places) {
      if (where_.contains(place.id)) report(operation, "was refused, but is there");
    }
    if (operation.expected && *operation.expected == operation.latest) {
      report(operation, "was refused, although the actor was at the version that it expected");
    }
    const auto next =
        std::ranges::upper_bound(*actor.places, operation.latest, {}, &Place::version);
    const auto length = static_cast<std::uint64_t>(next - actor.places->begin());
    if (operation.latest != 0 &&
        (length == 0 || (*actor.places)[length - 1].version != operation.latest)) {
      return report(operation, "was refused at a version that the actor never had");
    }
    actor.steps.push_back({&operation, length, length});
  }

  void check_unknown(const Operation& operation, Actor& actor) {
    for (const Place& place : operation.places) appended_.insert(place.id);
    if (const auto first = find_commit(operation)) {
      actor.steps.push_back({&operation, *first, *first + operation.places.size()});
      return;
    }
    for (const Place& place : operation.places) {
      if (where_.contains(place.id)) return report(operation, "is there in part");
    }
  }

  void check_read(const Operation& operation, Actor& actor) {
    const std::size_t length = operation.places.size();
    if (length > actor.places->size() ||
        !std::ranges::equal(operation.places, std::span(*actor.places).first(length))) {
      return report(operation, "read what is no prefix of what is there in the end");
    }
    actor.steps.push_back({&operation, length, length});
  }

  /// Whether each step begins at or behind what all steps had reached that ended before it began.
  void check_time(const std::vector<Step>& steps, std::string_view what) {
    std::vector<const Step*> by_end;
    for (const Step& step : steps) {
      if (step.operation->kind != Kind::unknown) by_end.push_back(&step);  // may yet take effect
    }
    std::ranges::sort(by_end, {}, [](const Step* step) { return step->operation->ended; });
    std::vector<const Step*> by_begin;
    by_begin.reserve(steps.size());
    for (const Step& step : steps) by_begin.push_back(&step);
    std::ranges::sort(by_begin, {}, [](const Step* step) { return step->operation->begun; });

    std::uint64_t reached = 0;
    auto ended = by_end.begin();
    for (const Step* step : by_begin) {
      while (ended != by_end.end() && (*ended)->operation->ended < step->operation->begun) {
        reached = std::max(reached, (*ended)->after);
        ++ended;
      }
      if (step->before < reached) {
        report(*step->operation, concat("stands at ", step->before, " ", what, ", although ",
                                        reached, " had been reached before it began"));
      }
    }
  }

  std::unordered_map<std::string_view, Actor> actors_;
  std::unordered_map<std::string_view, Where> where_;  // by id
  std::unordered_set<std::string_view> appended_;      // ids
  std::vector<Step> positions_;
  std::vector<std::string> violations_;
};

}  // namespace

std::vector<std::string> check_history(const std::vector<Operation>& operations,
                                       const std::vector<FinalState>& finals) {
  return Checker(finals).check(operations);
}

}  // namespace aether::testing
