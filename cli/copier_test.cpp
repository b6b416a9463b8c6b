// SPDX-License-Identifier: Apache-2.0
#include "copier.hpp"

#include "aether/core/chain.hpp"
#include "aether/store/audit.hpp"
#include "aether/store/memory.hpp"
#include "store/hand_made_store.hpp"
#include "testing/matchers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace aether::cli {
namespace {

using aether::testing::FailsWith;
using aether::testing::HandMadeStore;
using aether::testing::RetainingStore;
using aether::testing::Succeeds;
using aether::testing::three_actors;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::unique_ptr<EventStore> new_store() { return make_memory_event_store({.chain = true}); }

Result<CopyReport> copy(EventStore& from, EventStore& to, CopyOptions options = {}) {
  return Copier(from, to, std::move(options)).run();
}

std::vector<EventPtr> all_of(EventStore& store) { return store.read_all({}, 0, 1'000)->events; }

/// "order-1/2", in the store's order.
std::vector<std::string> names_of(EventStore& store) {
  std::vector<std::string> names;
  for (const EventPtr& event : all_of(store)) {
    names.push_back(event->actor_id + "/" + std::to_string(event->version));
  }
  return names;
}

std::map<std::string, Hash> hashes_of(EventStore& store) {
  std::map<std::string, Hash> hashes;
  for (const EventPtr& event : all_of(store)) {
    hashes[event->actor_id + "/" + std::to_string(event->version)] = event->hash;
  }
  return hashes;
}

/// Passes all on to another store.
class Beside : public EventStore {
 public:
  explicit Beside(std::unique_ptr<EventStore> store) : store_(std::move(store)) {}

  Result<std::vector<EventPtr>> read(std::string_view id, const ReadOptions& options) override {
    return store_->read(id, options);
  }
  Result<Page> read_all(const Filter& filter, Position after, std::size_t limit) override {
    return store_->read_all(filter, after, limit);
  }
  Result<Version> latest_version(std::string_view id) override {
    return store_->latest_version(id);
  }
  Result<Subscription> subscribe(Filter filter, Position after, EventHandler handler) override {
    return store_->subscribe(std::move(filter), after, std::move(handler));
  }
  [[nodiscard]] Durability durability() const override { return store_->durability(); }

 protected:
  Result<Appended> do_append(std::span<Event> events, const AppendOptions& options) override {
    return store_->append(std::vector(events.begin(), events.end()), options);
  }

  std::unique_ptr<EventStore> store_;
};

TEST(LastPosition, IsFoundWhereverItIs) {
  for (const std::vector<Position>& positions :
       {std::vector<Position>{},
        {1},
        {2},
        {3},
        {1, 2, 3, 4},
        {7, 1'024},
        {1'024, 2'048, 2'049},
        {Position{1} << 62},
        {5, (Position{1} << 62) + 12'345},
        {static_cast<Position>(std::numeric_limits<std::int64_t>::max())}}) {
    HandMadeStore store;
    for (const Position position : positions) {
      StoredEvent event;
      event.position = position;
      store.events.push_back(event);
    }
    EXPECT_EQ(last_position(store), positions.empty() ? 0 : positions.back());
  }
}

TEST(Copier, KeepsOrderIdsVersionsAndChains) {
  for (const bool mixed : {true, false}) {
    HandMadeStore from = three_actors();
    const auto to = new_store();

    const auto report = copy(from, *to, {.mixed_commits = mixed});

    ASSERT_THAT(report, Succeeds()) << report.error().message;
    EXPECT_EQ(report->events, from.events.size());
    EXPECT_EQ(report->copied, from.events.size());
    EXPECT_EQ(report->actors, 3U);
    EXPECT_EQ(report->position, from.events.back().position);
    EXPECT_EQ(names_of(*to), names_of(from));
    EXPECT_EQ(hashes_of(*to), hashes_of(from));
  }
}

TEST(Copier, GoesOnWhereverItWasCutShort) {
  const HandMadeStore whole = three_actors();
  for (std::size_t count = 0; count <= whole.events.size(); ++count) {
    HandMadeStore part = whole;
    part.events.resize(count);
    const auto to = new_store();
    ASSERT_THAT(copy(part, *to), Succeeds());
    HandMadeStore from = whole;

    const auto report = copy(from, *to);

    ASSERT_THAT(report, Succeeds()) << count << ": " << report.error().message;
    EXPECT_EQ(report->events, whole.events.size());
    EXPECT_EQ(report->copied, whole.events.size() - count);
    EXPECT_EQ(hashes_of(*to), hashes_of(from));
  }
}

TEST(Copier, EndsWhereFromEndedWhenItBegan) {
  HandMadeStore made = three_actors();
  class Growing final : public Beside {
   public:
    using Beside::Beside;
    Result<Page> read_all(const Filter& filter, Position after, std::size_t limit) override {
      if (limit > 1) static_cast<void>(store_->append({.event_type = "T", .actor_id = "new"}));
      return Beside::read_all(filter, after, limit);
    }
  } from(new_store());
  ASSERT_THAT(copy(made, from), Succeeds());
  const Position end = *last_position(from);
  const auto to = new_store();

  const auto report = copy(from, *to);

  ASSERT_THAT(report, Succeeds()) << report.error().message;
  EXPECT_EQ(report->position, end);
  EXPECT_EQ(report->events, end) << "a memory store's positions are dense";
}

TEST(Copier, AnotherHistoryIsAConflictAndIsNotTouched) {
  HandMadeStore from = three_actors();
  for (const StoredEvent& event : from.events) {
    const auto to = new_store();
    Event other = event;
    other.id = "another";
    ASSERT_THAT(to->append(other), Succeeds());

    const auto report = copy(from, *to);

    ASSERT_THAT(report, FailsWith(Errc::version_conflict)) << event.actor_id << event.version;
    EXPECT_EQ(report.error().actor_id, event.actor_id);
    EXPECT_EQ(report.error().actor_version, event.version);
    EXPECT_THAT(report.error().message, HasSubstr("\"" + event.actor_id + "\""));
    EXPECT_EQ(to->read(event.actor_id)->size(), 1U);
  }
}

TEST(Copier, WhatIsInToOnlyIsAConflictWhereFromGoesOn) {
  HandMadeStore from = three_actors();  // order-2 has versions 1, 4 and 5
  const auto to = new_store();
  ASSERT_THAT(to->append({.event_type = "T", .actor_id = "order-2", .version = 2}), Succeeds());

  const auto report = copy(from, *to);

  ASSERT_THAT(report, FailsWith(Errc::version_conflict));
  EXPECT_EQ(report.error().actor_version, 2U);
}

TEST(Copier, ToMayBeAhead) {
  HandMadeStore from = three_actors();
  const auto to = new_store();
  ASSERT_THAT(copy(from, *to), Succeeds());
  ASSERT_THAT(to->append({.event_type = "Since", .actor_id = "order-2"}), Succeeds());
  ASSERT_THAT(to->append({.event_type = "Else", .actor_id = "cart-9"}), Succeeds());

  const auto report = copy(from, *to);

  ASSERT_THAT(report, Succeeds()) << report.error().message;
  EXPECT_EQ(report->copied, 0U);
  EXPECT_EQ(report->actors, 3U);
}

TEST(Copier, ToThatIsAheadMustHaveWhatFromHas) {
  HandMadeStore from = three_actors();
  HandMadeStore other = three_actors();
  StoredEvent& changed = other.at("order-2", 5);
  changed.version = 6;
  changed.hash = chain_hash(other.at("order-2", 4).hash, changed);
  const auto to = new_store();
  ASSERT_THAT(copy(other, *to), Succeeds());

  const auto report = copy(from, *to);

  ASSERT_THAT(report, FailsWith(Errc::version_conflict));
  EXPECT_THAT(report.error().message, AllOf(HasSubstr("version 5"), HasSubstr("in FROM only")));
}

TEST(Copier, ABrokenChainStopsIt) {
  for (const auto& [actor_id, version] : {std::pair{"order-1", Version{1}}, {"order-2", 4}}) {
    HandMadeStore from = three_actors();
    from.at(actor_id, version).data = Data::json("0");
    const auto to = new_store();

    const auto report = copy(from, *to);

    ASSERT_THAT(report, FailsWith(Errc::corrupt));
    EXPECT_EQ(report.error().actor_id, actor_id);
    EXPECT_EQ(report.error().actor_version, version);
    EXPECT_THAT(report.error().message, HasSubstr("in FROM"));
  }
}

TEST(Copier, WhatRetentionHasRemovedIsSaid) {
  RetainingStore from(three_actors());
  from.remove_before(30);  // order-1 has lost version 1, order-2 its version 1
  const auto to = new_store();

  const auto refused = copy(from, *to);

  ASSERT_THAT(refused, FailsWith(Errc::unsupported));
  EXPECT_EQ(refused.error().actor_id, "order-1");
  EXPECT_EQ(refused.error().actor_version, 2U);
  EXPECT_THAT(names_of(*to), IsEmpty());
}

TEST(Copier, WhatRetentionHasLeftIsCopiedWithNewChainsWhereThatIsWanted) {
  RetainingStore from(three_actors());
  from.remove_before(30);
  const auto to = new_store();

  const auto report = copy(from, *to, {.new_chains = true});

  ASSERT_THAT(report, Succeeds()) << report.error().message;
  EXPECT_EQ(report->new_chains, 2U);
  EXPECT_EQ(names_of(*to), names_of(from));
  EXPECT_EQ(verify(*to)->finding_count, 0U);
  const auto again = copy(from, *to, {.new_chains = true});
  ASSERT_THAT(again, Succeeds()) << again.error().message;
  EXPECT_EQ(again->copied, 0U);
  EXPECT_EQ(again->new_chains, 2U);
  EXPECT_THAT(copy(from, *to), FailsWith(Errc::version_conflict)) << "it was not told of";
}

TEST(Copier, WhatWasCopiedBeforeRetentionRemovedItKeepsItsChain) {
  HandMadeStore whole = three_actors();
  const auto to = new_store();
  HandMadeStore part = whole;
  std::erase_if(part.events, [](const StoredEvent& event) { return event.position > 30; });
  ASSERT_THAT(copy(part, *to), Succeeds());
  RetainingStore from(whole);
  from.remove_before(30);

  const auto report = copy(from, *to);

  ASSERT_THAT(report, Succeeds()) << report.error().message;
  EXPECT_EQ(report->new_chains, 0U);
  EXPECT_EQ(hashes_of(*to), hashes_of(whole));
}

TEST(Copier, AGapThatRetentionHasTornIsAConflict) {
  HandMadeStore whole = three_actors();
  const auto to = new_store();
  HandMadeStore part = whole;
  part.events.resize(1);
  const std::string actor_id = part.events.front().actor_id;
  ASSERT_THAT(copy(part, *to), Succeeds());
  RetainingStore from(whole);
  const auto second = std::ranges::find_if(from.events, [&](const StoredEvent& event) {
    return event.actor_id == actor_id && event.version > 1;
  });
  from.remove_before(second->position + 1);

  for (const bool new_chains : {false, true}) {
    const auto report = copy(from, *to, {.new_chains = new_chains});
    ASSERT_THAT(report, FailsWith(Errc::version_conflict));
    EXPECT_THAT(report.error().message, HasSubstr("what stood between is gone"));
  }
}

TEST(Copier, WhatIsNotThereWhenItIsReadBackIsNoticed) {
  class Forgetful final : public Beside {
   public:
    using Beside::Beside;

   protected:
    Result<Appended> do_append(std::span<Event> events, const AppendOptions& options) override {
      const Version version = events.back().version;
      if (events.back().event_type == forgotten) return Appended{.version = version, .position = 1};
      return Beside::do_append(events, options);
    }

   public:
    std::string forgotten;
  } to(new_store());
  HandMadeStore from = three_actors();
  to.forgotten = from.events.back().event_type = "Last";
  const StoredEvent& last = from.events.back();
  Hash before{};
  for (const StoredEvent& event : from.events) {
    if (event.actor_id == last.actor_id && event.version < last.version) before = event.hash;
  }
  from.events.back().hash = chain_hash(before, last);

  const auto report = copy(from, to, {.mixed_commits = false});

  ASSERT_THAT(report, FailsWith(Errc::corrupt));
  EXPECT_EQ(report.error().actor_id, last.actor_id);
  EXPECT_THAT(report.error().message, HasSubstr("is not there as it was"));
}

TEST(Copier, AnEventThatToRefusesIsNamed) {
  class Small final : public Beside {
   public:
    using Beside::Beside;

   protected:
    Result<Appended> do_append(std::span<Event> events, const AppendOptions& options) override {
      if (events.front().version == 4) return fail(Errc::too_large, "it is too large");
      return Beside::do_append(events, options);
    }
  } to(new_store());
  HandMadeStore from = three_actors();

  const auto report = copy(from, to, {.mixed_commits = false});

  ASSERT_THAT(report, FailsWith(Errc::too_large));
  EXPECT_EQ(report.error().message, "version 4 of \"order-2\" was not stored: it is too large");
  EXPECT_EQ(report.error().position, from.at("order-2", 4).position);
}

TEST(Copier, StopsWhenItIsAskedTo) {
  HandMadeStore from = three_actors();
  const auto to = new_store();
  std::stop_source stop;
  stop.request_stop();

  EXPECT_THAT(copy(from, *to, {.stop = stop.get_token()}), FailsWith(Errc::closed));
}

}  // namespace
}  // namespace aether::cli
