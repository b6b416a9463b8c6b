// SPDX-License-Identifier: Apache-2.0
#include "aether/store/audit.hpp"

#include "store/audit_expectations.hpp"
#include "store/hand_made_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace aether::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(Audit, OfAnIntactStoreFindsNothing) {
  HandMadeStore store = three_actors();
  for (const std::size_t page_size : {0U, 1U, 2U, 100U}) {
    const AuditReport report = audited(store, {.page_size = page_size});
    EXPECT_THAT(report.findings, IsEmpty());
    EXPECT_EQ(report.finding_count, 0U);
    EXPECT_EQ(report.events, store.events.size());
    EXPECT_EQ(report.actors, 3U);
    EXPECT_TRUE(report.chained);
    EXPECT_EQ(report.digest, digest_of(store));
  }
}

TEST(Audit, OfAnEmptyStoreFindsNothing) {
  HandMadeStore store;
  const AuditReport report = audited(store, {.against = digest_of(store)});
  EXPECT_EQ(report.events, 0U);
  EXPECT_FALSE(report.chained);
  EXPECT_THAT(report.findings, IsEmpty());
  EXPECT_EQ(report.digest.position, 0U);
}

TEST(Audit, NamesTheOneEventThatWasChanged) {
  const std::vector<std::pair<std::string, std::function<void(StoredEvent&)>>> changes{
      {"id", [](StoredEvent& e) { e.id += "x"; }},
      {"type", [](StoredEvent& e) { e.event_type += "x"; }},
      {"data", [](StoredEvent& e) { e.data = Data::json(R"({"total":2})"); }},
      {"content type", [](StoredEvent& e) { e.data = Data::bytes(e.data.text(), "text/plain"); }},
      {"metadata", [](StoredEvent& e) { e.metadata["user"] = "eve"; }},
      {"timestamp", [](StoredEvent& e) { e.timestamp += std::chrono::nanoseconds(1); }},
      {"hash", [](StoredEvent& e) { e.hash[31] ^= std::byte{1}; }},
  };
  for (std::size_t i = 0; i < three_actors().events.size(); ++i) {
    for (const auto& [field, change] : changes) {
      SCOPED_TRACE(field + " of event " + std::to_string(i));
      HandMadeStore store = three_actors();
      change(store.events[i]);
      expect_only(audited(store), store.events[i], "was changed");
    }
  }
}

TEST(Audit, NamesTheSuccessorOfARemovedEvent) {
  for (std::size_t i = 0; i < three_actors().events.size(); ++i) {
    HandMadeStore store = three_actors();
    const std::string actor_id = store.events[i].actor_id;
    store.events.erase(store.events.begin() + static_cast<std::ptrdiff_t>(i));
    const StoredEvent* successor = nullptr;
    for (std::size_t j = store.events.size(); j-- > i;) {
      if (store.events[j].actor_id == actor_id) successor = &store.events[j];
    }
    const AuditReport report = audited(store);
    if (successor == nullptr) {
      EXPECT_THAT(report.findings, IsEmpty()) << "an end that was cut off cannot be seen";
    } else {
      expect_only(report, *successor, "was removed");
    }
  }
}

TEST(Audit, FindsTwoEventsWhoseContentsWereSwapped) {
  HandMadeStore store = three_actors();
  std::swap(store.at("order-1", 2).data, store.at("order-1", 3).data);

  const AuditReport report = audited(store);

  ASSERT_EQ(report.findings.size(), 2U);
  EXPECT_EQ(report.findings[0].version, 2U);
  EXPECT_EQ(report.findings[1].version, 3U);
  EXPECT_EQ(report.findings[0].actor_id, "order-1");
}

TEST(Audit, FindsTwoEventsWhosePlacesWereSwapped) {
  HandMadeStore store = three_actors();
  StoredEvent& second = store.at("order-1", 2);
  StoredEvent& third = store.at("order-1", 3);
  std::swap(second, third);
  std::swap(second.position, third.position);

  const AuditReport report = audited(store);

  ASSERT_FALSE(report.findings.empty());
  for (const Finding& finding : report.findings) {
    EXPECT_EQ(finding.actor_id, "order-1");
    EXPECT_TRUE(finding.version == 2 || finding.version == 3) << finding.what;
  }
}

TEST(Audit, FindsAnEventThatWasGivenToAnotherActor) {
  HandMadeStore store = three_actors();
  store.at("order-1", 2).actor_id = "order-2";

  const AuditReport report = audited(store);

  ASSERT_EQ(report.findings.size(), 2U);
  EXPECT_EQ(report.findings[0].actor_id, "order-2") << "where it is now";
  EXPECT_EQ(report.findings[1].actor_id, "order-1") << "and where it is missing";
}

TEST(Audit, FindsAVersionThatIsThereTwice) {
  HandMadeStore store = three_actors();
  StoredEvent twin = store.at("order-1", 3);
  twin.position = store.events.back().position + 1;
  store.events.push_back(twin);

  expect_only(audited(store), twin, "comes after version 3");
}

TEST(Audit, FindsAnOrderThatDoesNotIncrease) {
  HandMadeStore store = three_actors();
  StoredEvent& event = store.events[4];
  event.position = store.events[3].position;

  expect_only(audited(store), event, "order was changed");
}

TEST(Audit, FindsAnEventWithoutAHashInAChainedStore) {
  for (std::size_t i = 0; i < three_actors().events.size(); ++i) {
    HandMadeStore store = three_actors();
    store.events[i].hash = {};
    expect_only(audited(store), store.events[i], "has no hash");
  }
}

TEST(Audit, OfAStoreWithoutAChainHasTheSameDigest) {
  HandMadeStore store = three_actors();
  const AuditReport chained = audited(store);
  for (StoredEvent& event : store.events) event.hash = {};

  const AuditReport unchained = audited(store, {.against = chained.digest});

  EXPECT_FALSE(unchained.chained);
  EXPECT_THAT(unchained.findings, IsEmpty());
  EXPECT_EQ(unchained.digest, chained.digest);
  EXPECT_EQ(digest_of(store), chained.digest);
}

TEST(Audit, KeepsTheFirstFindingsAndCountsAll) {
  HandMadeStore store = three_actors();
  for (StoredEvent& event : store.events) event.data = Data::json("0");
  const AuditReport report = audited(store, {.max_findings = 3});
  EXPECT_EQ(report.findings.size(), 3U);
  EXPECT_EQ(report.finding_count, store.events.size());

  store = three_actors();
  for (StoredEvent& event : store.events) event.hash = {};
  store.events.back().hash = three_actors().events.back().hash;
  const AuditReport unchained = audited(store, {.max_findings = 3});
  EXPECT_EQ(unchained.findings.size(), 3U);
  EXPECT_EQ(unchained.finding_count, store.events.size() - 1);
  EXPECT_EQ(unchained.findings[0].position, store.events[0].position);
}

TEST(Audit, TellsItsProgressAndStopsWhenAsked) {
  HandMadeStore store = three_actors();
  std::vector<std::uint64_t> progress;
  std::stop_source stop;
  AuditOptions options{.page_size = 2, .progress = [&](std::uint64_t events) {
                         progress.push_back(events);
                         if (events >= 4) stop.request_stop();
                       }};
  options.stop = stop.get_token();

  const auto report = verify(store, options);

  ASSERT_FALSE(report.has_value());
  EXPECT_EQ(report.error().code, Errc::closed);
  EXPECT_THAT(progress, ::testing::ElementsAre(2, 4));
}

TEST(Audit, ReportsWhatCannotBeReadAndChecksTheRest) {
  for (const bool whole_pages : {false, true}) {
    for (const std::size_t page_size : {1U, 3U, 4U, 1'000U}) {
      HandMadeStore store = three_actors();
      const StoredEvent lost = store.events.back();
      StoredEvent& changed = store.events[1];
      changed.data = Data::json("0");
      store.unreadable = {lost.position};
      store.fails_whole_pages = whole_pages;

      const AuditReport report = audited(store, {.page_size = page_size});

      ASSERT_EQ(report.findings.size(), 2U);
      EXPECT_EQ(report.findings[0].position, changed.position);
      EXPECT_EQ(report.findings[1].position, lost.position);
      EXPECT_EQ(report.findings[1].actor_id, "");
      EXPECT_EQ(report.events, store.events.size() - 1);
    }
  }
}

TEST(Audit, EndsWhereItCannotGoOn) {
  HandMadeStore store = three_actors();
  store.unreadable = {store.events[3].position};
  store.tells_position = false;

  HandMadeStore intact = three_actors();
  const AuditReport report = audited(store, {.against = digest_of(intact)});

  ASSERT_EQ(report.findings.size(), 1U);
  EXPECT_THAT(report.findings[0].what, HasSubstr("was not checked"));
  EXPECT_EQ(report.events, 3U);
  EXPECT_FALSE(make_digest(store).has_value());
}

TEST(Audit, EndsWhenPagesDoNotAdvance) {
  HandMadeStore store = three_actors();
  store.stuck = true;

  const AuditReport report = audited(store, {.page_size = 2});

  ASSERT_FALSE(report.findings.empty());
  EXPECT_THAT(report.findings.back().what, HasSubstr("was not checked"));
}

TEST(Audit, GivesOtherErrorsBack) {
  HandMadeStore store = three_actors();
  store.unreadable = {store.events[3].position};
  store.error = Errc::unavailable;

  for (const auto& code : {verify(store).error().code, make_digest(store).error().code}) {
    EXPECT_EQ(code, Errc::unavailable);
  }
}

TEST(Audit, TakesOverWhatTheStoreFinds) {
  InspectedStore store(three_actors(), {{.what = "a guard was removed"},
                                        {.actor_id = "order-2", .version = 4, .what = "missing"}});
  const AuditReport report = audited(store);
  ASSERT_EQ(report.findings.size(), 2U);
  EXPECT_EQ(report.findings[0].what, "a guard was removed");
  EXPECT_EQ(report.findings[1].actor_id, "order-2");
}

TEST(Audit, TellsOfOneEventOnce) {
  HandMadeStore tampered = three_actors();
  const StoredEvent& changed = tampered.events[1];
  tampered.events[1].data = Data::json("0");
  const Position unreadable = tampered.events.back().position;
  tampered.unreadable = {unreadable};
  InspectedStore store(
      tampered,
      {{.actor_id = changed.actor_id, .version = changed.version, .what = "changed, too"},
       {.actor_id = "cart-1", .version = 3, .position = unreadable, .what = "row unreadable"}});

  const AuditReport report = audited(store);

  ASSERT_EQ(report.findings.size(), 2U);
  EXPECT_THAT(report.findings[0].what, HasSubstr("audit chain"));
  EXPECT_EQ(report.findings[1].actor_id, "cart-1") << "the store knew the name";
  EXPECT_EQ(report.finding_count, 2U);
}

TEST(Audit, GivesBackTheErrorOfAnInspection) {
  InspectedStore store(three_actors(), {}, fail(Errc::closed, "stopped"));
  const auto report = verify(store);
  ASSERT_FALSE(report.has_value());
  EXPECT_EQ(report.error().code, Errc::closed);
}

}  // namespace
}  // namespace aether::testing
