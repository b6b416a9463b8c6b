// SPDX-License-Identifier: Apache-2.0
// Each answer that a server may give to an append, said by the server itself where it can be
// brought to it, else put in the place of what it said; and what becomes of the append.
//
//   answer                            here                      with the server's own words
//   ------                            ----                      ---------------------------
//   stored                            everywhere
//   a duplicate                       ADuplicate…               contention, three servers of 2.9
//   10071 wrong last sequence         ARefusal…                 contention; append_answers_test
//   10164, 10158, 10163 in flight     ARefusal…, WhatWillPass…  contention, three servers
//   10201 a batch repeats             ABatch…
//   10174 … 10199 rules of batches    ABatch…
//   10077 no room                     WhatWillPass…             event_store_test: AFullStream…
//   10060 another stream              here
//   503 nobody answers                here
//   no answer                                                   event_store_test: ALostReply…
//   no JSON                           WhatIsNoAnswer…
#include "nats/hand_made_stream.hpp"
#include "nats/store_fixture.hpp"
#include "testing/matchers.hpp"
#include "testing/waiting.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace aether::nats {
namespace {

using namespace std::chrono_literals;
using testing::ConflictsAt;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using testing::FailsWith;
using ::testing::HasSubstr;
using testing::Succeeds;

constexpr std::size_t kAlways = 1'000'000;

struct Refusal {
  int code;
  int status;
};
// What may be said of a commit while an earlier try of it, or another's, is on its way.
constexpr Refusal kWrongSequence{10'071, 400};
constexpr Refusal kInFlight{10'164, 400};
constexpr Refusal kNotReady{10'163, 503};
constexpr Refusal kDuplicateInProcess{10'158, 409};
constexpr Refusal kTooManyRequests{10'167, 429};
constexpr Refusal kBatchRepeats{10'201, 400};
constexpr Refusal kBatchIncomplete{10'176, 400};
constexpr Refusal kTooManyBatches{10'210, 429};

std::string text_of(const Refusal& refusal) {
  return R"({"error":{"code":)" + std::to_string(refusal.status) + R"(,"err_code":)" +
         std::to_string(refusal.code) +
         R"(,"description":"so it is"},"stream":"aether=ev=prod=eu","seq":0})";
}

class ErrorMapTest : public StoreFixture {
 protected:
  /// The next `times` answers to an append, whatever they are, become `answer`.
  void answer(tests::ServerMessage answer, std::size_t times = kAlways) {
    proxy_.replace(
        [answer = std::move(answer),
         times](const tests::ServerFrame& frame) mutable -> std::optional<tests::ServerMessage> {
          const bool is_answer = frame.content.starts_with(R"({"stream":)") ||
                                 frame.content.starts_with(R"({"error":)");
          if (!is_answer || times == 0) return std::nullopt;
          --times;
          return answer;
        });
  }
  void answer(const Refusal& refusal, std::size_t times = kAlways) {
    answer({.data = text_of(refusal)}, times);
  }

  void delete_stream() {
    ASSERT_THAT(tests::request(server_, "$JS.API.STREAM.DELETE." + event_stream_name(ns_)),
                HasSubstr(R"("success":true)"));
  }

  /// A stream that has room for nothing more, and then for all.
  void fill_stream() {
    store_ = *open_at(proxy_.url(), {.stream = {.max_bytes = 20'000}});
    while (store().append(large("", 0, "filling"))) {
    }
  }
  void make_room() {
    auto info = nlohmann::json::parse(
        tests::request(server_, "$JS.API.STREAM.INFO." + event_stream_name(ns_)));
    info["config"]["max_bytes"] = -1;
    ASSERT_THAT(tests::request(server_, "$JS.API.STREAM.UPDATE." + event_stream_name(ns_),
                               info["config"].dump()),
                HasSubstr(R"("max_bytes":-1)"));
  }
  void start_over() {
    proxy_.replace({});
    other_.reset();
    store_.reset();
    delete_stream();
  }
  static Event large(std::string id, Version version, std::string actor_id) {
    Event event = placed(std::move(id), version, std::move(actor_id));
    event.data = Data::json('"' + std::string(2'000, 'x') + '"');
    return event;
  }
  std::vector<std::string> ids_of(const std::string& actor_id) {
    return stored_ids({.actor_id = actor_id});
  }
  [[nodiscard]] static bool has_batches() { return GetParam() == tests::ServerVersion::v2_15; }
};

INSTANTIATE_TEST_SUITE_P(Versions, ErrorMapTest, tests::kVersions, tests::version_name);

TEST_P(ErrorMapTest, ADuplicateOfOneselfIsStored) {
  ASSERT_THAT(store().append(placed("a", 1)), Succeeds());
  answer({.data = R"({"stream":"aether=ev=prod=eu","seq":2,"duplicate":true})"});

  const auto appended = store().append(placed("b", 2));

  ASSERT_THAT(appended, Succeeds());
  EXPECT_EQ(appended->version, 2U);
  proxy_.replace({});
  EXPECT_THAT(store().append(placed("c", 3)), Succeeds());
  EXPECT_THAT(stored_ids(), ElementsAre("a", "b", "c"));
}

TEST_P(ErrorMapTest, ADuplicateOfAnotherIsAConflict) {
  ASSERT_THAT(store().append(placed("a", 1)), Succeeds());
  ASSERT_THAT(other().append(placed("b", 2)), Succeeds());
  answer({.data = R"({"stream":"aether=ev=prod=eu","seq":2,"duplicate":true})"});

  EXPECT_THAT(store().append(placed("c", 2)), ConflictsAt(2U));

  EXPECT_EQ(proxy_.replaced(), 1U);
  EXPECT_THAT(stored_ids(), ElementsAre("a", "b"));
}

TEST_P(ErrorMapTest, ARefusalOfWhatIsStoredIsTheEchoOfAnEarlierTry) {
  std::vector<std::string> ids;
  for (const Refusal& refusal :
       {kWrongSequence, kInFlight, kNotReady, kDuplicateInProcess, kTooManyRequests}) {
    ids.push_back(std::to_string(refusal.code));
    answer(refusal);

    const auto appended = store().append(placed(ids.back(), 0));

    ASSERT_THAT(appended, Succeeds()) << refusal.code;
    EXPECT_EQ(appended->version, ids.size()) << refusal.code;
    EXPECT_EQ(proxy_.replaced(), ids.size()) << refusal.code << ": it was sent once";
  }
  EXPECT_THAT(stored_ids(), ElementsAreArray(ids));
}

TEST_P(ErrorMapTest, ARefusalWhereAnotherWasFirstIsAConflict) {
  Version latest = 1;
  ASSERT_THAT(store().append(placed("a", 1)), Succeeds());
  for (const Refusal& refusal :
       {kWrongSequence, kInFlight, kNotReady, kDuplicateInProcess, kTooManyRequests}) {
    ASSERT_THAT(other().append(placed("theirs", ++latest)), Succeeds());
    answer(refusal);

    EXPECT_THAT(store().append(placed("ours", latest)), ConflictsAt(latest)) << refusal.code;

    proxy_.replace({});
    ASSERT_THAT(store().append(placed("next", ++latest)), Succeeds()) << refusal.code;
  }
}

TEST_P(ErrorMapTest, WhatWillPassIsTriedAgain) {
  for (const Refusal& refusal :
       {kWrongSequence, kInFlight, kNotReady, kDuplicateInProcess, kTooManyRequests}) {
    fill_stream();
    answer(refusal);
    testing::Gate done;
    Result<Appended> outcome;
    const OverFirst over_first(*this);
    const std::size_t before = proxy_.replaced();
    store().append_async({large("a", 1, "late")}, {}, [&](Result<Appended> result) {
      outcome = std::move(result);
      done.open();
    });

    ASSERT_TRUE(testing::eventually([&] { return proxy_.replaced() > before + 2; }));
    make_room();

    ASSERT_TRUE(done.pass());
    ASSERT_THAT(outcome, Succeeds()) << refusal.code;
    EXPECT_THAT(ids_of("late"), ElementsAre("a")) << refusal.code;
    start_over();
  }
}

TEST_P(ErrorMapTest, ABatchThatIsStoredIsStoredWhateverIsSaidOfIt) {
  if (!has_batches()) GTEST_SKIP() << "it has no batches";
  std::vector<std::string> ids;
  Version version = 0;
  for (const Refusal& refusal :
       {kBatchRepeats, kBatchIncomplete, kTooManyBatches, kWrongSequence, kInFlight}) {
    const std::string id = std::to_string(refusal.code);
    ids.insert(ids.end(), {id + "/1", id + "/2"});
    answer(refusal);

    const auto appended = store().append(std::vector<Event>{placed(id + "/1", ++version, "order-1"),
                                                            placed(id + "/2", version, "order-2")});

    ASSERT_THAT(appended, Succeeds()) << refusal.code;
  }
  EXPECT_THAT(stored_ids(), ElementsAreArray(ids));
}

TEST_P(ErrorMapTest, ABatchOfWhichTheServerMissedAPartIsSentAgain) {
  if (!has_batches()) GTEST_SKIP() << "it has no batches";
  for (const Refusal& refusal : {kBatchIncomplete, kTooManyBatches, kBatchRepeats}) {
    fill_stream();
    answer(refusal);
    testing::Gate done;
    Result<Appended> outcome;
    const OverFirst over_first(*this);
    const std::size_t before = proxy_.replaced();
    store().append_async({large("a", 1, "late-1"), large("b", 1, "late-2")}, {},
                         [&](Result<Appended> result) {
                           outcome = std::move(result);
                           done.open();
                         });

    ASSERT_TRUE(testing::eventually([&] { return proxy_.replaced() > before + 2; }));
    make_room();

    ASSERT_TRUE(done.pass());
    ASSERT_THAT(outcome, Succeeds()) << refusal.code;
    EXPECT_THAT(ids_of("late-1"), ElementsAre("a"));
    EXPECT_THAT(ids_of("late-2"), ElementsAre("b"));
    start_over();
  }
}

TEST_P(ErrorMapTest, ABatchThatBreaksTheServersRulesIsRefusedForGood) {
  if (!has_batches()) GTEST_SKIP() << "it has no batches";
  struct Rule {
    Refusal refusal;
    Errc meaning;
  };
  fill_stream();
  for (const Rule& rule :
       {Rule{{10'174, 400}, Errc::unsupported}, Rule{{10'175, 400}, Errc::invalid_argument},
        Rule{{10'177, 400}, Errc::invalid_argument}, Rule{{10'179, 400}, Errc::invalid_argument},
        Rule{{10'200, 400}, Errc::invalid_argument}, Rule{{10'199, 400}, Errc::too_large}}) {
    answer(rule.refusal);

    const auto refused =
        store().append(std::vector<Event>{large("a", 1, "late-1"), large("b", 1, "late-2")});

    ASSERT_THAT(refused, FailsWith(rule.meaning)) << rule.refusal.code;
    EXPECT_THAT(refused.error().message, HasSubstr("so it is"));
    EXPECT_THAT(refused.error().message, HasSubstr(std::to_string(rule.refusal.code)));
  }
  EXPECT_THAT(ids_of("late-1"), ElementsAre());
}

// Another stream that has taken over the subjects is not ours to write to.
TEST_P(ErrorMapTest, AnotherStreamInItsPlaceIsRefusedAndGetsNothing) {
  ASSERT_THAT(store().append(placed("a", 1)), Succeeds());
  delete_stream();
  ASSERT_THAT(tests::request(server_, "$JS.API.STREAM.CREATE.other",
                             R"({"name":"other","subjects":["aether.ev.prod.eu.*.*"]})"),
              HasSubstr(R"("config")"));

  const auto refused = store().append(placed("b", 1, "order-2"), {.expected_version = 0});

  ASSERT_THAT(refused, FailsWith(Errc::invalid_argument));
  EXPECT_THAT(refused.error().message, HasSubstr("10060"));
  EXPECT_THAT(tests::request(server_, "$JS.API.STREAM.INFO.other"), HasSubstr(R"("messages":0)"));
}

TEST_P(ErrorMapTest, WithoutAStreamNothingIsStoredAndThatIsSaid) {
  ASSERT_THAT(store().append(placed("a", 1)), Succeeds());
  delete_stream();

  // A server of 2.9 that is still busy with the stream's end may say nothing at first.
  Result<Appended> refused;
  EXPECT_TRUE(testing::eventually([&] {
    refused = store().append(placed("b", 1, "order-2"), {.expected_version = 0, .timeout = 200ms});
    return refused || refused.error().code != Errc::outcome_unknown;
  }));

  ASSERT_THAT(refused, FailsWith(Errc::unavailable));
  EXPECT_THAT(refused.error().message, HasSubstr("nothing was stored"));
}

TEST_P(ErrorMapTest, WhereNobodyAnswersForAWhileItIsTriedAgain) {
  store();  // opens it
  delete_stream();
  testing::Gate done;
  Result<Appended> outcome;
  std::atomic<int> unanswered = 0;
  const OverFirst over_first(*this);
  proxy_.swallow([&](const tests::ServerFrame& frame) {
    if (frame.content.starts_with("NATS/1.0 503")) ++unanswered;
    return false;
  });
  store().append_async({placed("a", 1)}, {.expected_version = 0}, [&](Result<Appended> result) {
    outcome = std::move(result);
    done.open();
  });

  ASSERT_TRUE(testing::eventually([&] { return unanswered > 2; }));
  tests::make_stream(server_, ns_, nlohmann::json::object());

  ASSERT_TRUE(done.pass());
  ASSERT_THAT(outcome, Succeeds());
  EXPECT_THAT(stored_ids(), ElementsAre("a"));
}

// Who else listens on the subject may answer first: "nats reply" does.
TEST_P(ErrorMapTest, WhatIsNoAnswerOfAStreamSaysNothing) {
  std::vector<std::string> ids;
  for (const std::string words : {"what?", "", "[]", R"({"ok":true})"}) {
    ids.push_back("a" + words);
    answer({.data = words});

    ASSERT_THAT(store().append(placed(ids.back(), 0)), Succeeds()) << words;
  }
  EXPECT_THAT(stored_ids(), ElementsAreArray(ids));
}

}  // namespace
}  // namespace aether::nats
