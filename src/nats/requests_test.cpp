// SPDX-License-Identifier: Apache-2.0
#include "nats/requests.hpp"

#include "nats/inbox.hpp"
#include "nats/nats_server.hpp"
#include "nats/requests_fixture.hpp"
#include "nats/test_support.hpp"
#include "testing/matchers.hpp"
#include "testing/waiting.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <future>
#include <memory>
#include <mutex>
#include <semaphore>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace aether::nats {
namespace {

using namespace std::chrono_literals;
using ::testing::Each;
using ::testing::ElementsAre;
using testing::eventually;
using testing::FailsWith;
using testing::Succeeds;
using tests::NatsServer;
using tests::RequestsTest;

// So long that only something else than the deadline can end what the test waits for.
constexpr auto kNever = 1h;

INSTANTIATE_TEST_SUITE_P(Versions, RequestsTest, tests::kVersions, tests::version_name);

TEST_P(RequestsTest, ARequestGetsItsReply) {
  start();
  answer("echo", [](const Message& question) { return std::string(question.data()); });

  const auto reply = requests().request({.subject = "echo", .data = "hello"});

  ASSERT_THAT(reply, Succeeds());
  EXPECT_EQ(reply->data(), "hello");
  EXPECT_EQ(requests().in_flight(), 0U);
}

TEST_P(RequestsTest, WhereNobodyAnswersItIsNotFoundAtOnce) {
  start();

  EXPECT_THAT(requests().request({.subject = "nobody", .timeout = kNever}),
              FailsWith(Errc::not_found));
}

TEST_P(RequestsTest, WhatNeverGoesOutEndsWithTheReason) {
  start("max_payload: 1000");

  EXPECT_THAT(requests().request({.subject = "a b"}), FailsWith(Errc::invalid_argument));
  EXPECT_THAT(requests().request({.subject = "a", .data = std::string(1'001, 'x')}),
              FailsWith(Errc::too_large));
  EXPECT_EQ(requests().in_flight(), 0U);
}

TEST_P(RequestsTest, WithoutAReplyInTimeTheOutcomeIsUnknown) {
  start();
  silent("silent");

  EXPECT_THAT(requests().request({.subject = "silent", .timeout = 20ms}),
              FailsWith(Errc::outcome_unknown));
}

TEST_P(RequestsTest, DeadlinesEndInTheirOrderNotInThatOfTheRequests) {
  start();
  silent("silent");
  std::mutex mutex;
  std::vector<int> ended;
  for (const auto& [number, timeout] :
       {std::pair{3, 300ms}, std::pair{1, 100ms}, std::pair{2, 200ms}}) {
    requests().send({.subject = "silent", .timeout = timeout},
                    [&ended, &mutex, which = number](const Result<Message>&) {
                      const std::scoped_lock lock(mutex);
                      ended.push_back(which);
                    });
  }

  ASSERT_TRUE(eventually([&] { return requests().in_flight() == 0; }));
  ASSERT_TRUE(eventually([&] {
    const std::scoped_lock lock(mutex);
    return ended.size() == 3;
  }));
  EXPECT_THAT(ended, ElementsAre(1, 2, 3));
}

TEST_P(RequestsTest, AStoppedServerIsAnUnknownOutcomeAndItsLateReplyGoesToNobody) {
  start();
  answer("echo", [](const Message& question) { return std::string(question.data()); });
  server().stop_process();

  EXPECT_THAT(requests().request({.subject = "echo", .data = "late", .timeout = 50ms}),
              FailsWith(Errc::outcome_unknown));
  server().continue_process();

  const auto reply = requests().request({.subject = "echo", .data = "next", .timeout = kNever});
  ASSERT_THAT(reply, Succeeds());
  EXPECT_EQ(reply->data(), "next");
}

TEST_P(RequestsTest, WhatIsInFlightWhenTheServerDiesHasAnUnknownOutcome) {
  start();
  silent("silent");
  Outcomes outcomes;
  for (int i = 0; i < 100; ++i) {
    requests().send({.subject = "silent", .timeout = kNever}, outcomes.next());
  }

  server().kill_9();

  EXPECT_THAT(outcomes.wait_for_all(), Each(Errc::outcome_unknown));
  EXPECT_THAT(requests().request({.subject = "silent"}), FailsWith(Errc::unavailable));
}

TEST_P(RequestsTest, WorksAgainWhenTheServerIsBack) {
  start();
  answer("echo", [](const Message& question) { return std::string(question.data()); });

  server().restart();

  ASSERT_TRUE(eventually([&] {
    return requests().request({.subject = "echo", .data = "again", .timeout = 1s}).has_value();
  }));
}

TEST_P(RequestsTest, WhatIsForbiddenIsPermissionDeniedAtOnce) {
  start(R"(authorization {users: [{user: red, password: x,
      permissions: {publish: {deny: ["no.>"]}}}]})");
  silent("*.silent");
  Outcomes allowed;
  requests().send({.subject = "yes.silent", .timeout = kNever}, allowed.next());

  EXPECT_THAT(requests().request({.subject = "no.silent", .timeout = kNever}),
              FailsWith(Errc::permission_denied));
  EXPECT_THAT(requests().request({.subject = "no." + std::string(1'000, 'x'), .timeout = kNever}),
              FailsWith(Errc::permission_denied));
  EXPECT_EQ(requests().in_flight(), 1U);
  drop();
}

TEST_P(RequestsTest, AForbiddenInboxIsToldBeforeAnythingIsSent) {
  start(R"(authorization {users: [{user: red, password: x,
      permissions: {subscribe: {allow: ["_INBOX_red.>"]}}}]})");

  ASSERT_TRUE(eventually([&] {
    const auto reply = requests().request({.subject = "a", .timeout = 10ms});
    return !reply && reply.error().code == Errc::permission_denied &&
           reply.error().message.contains("inbox prefix");
  }));
  use({.inbox_prefix = "_INBOX_red"});
  EXPECT_THAT(requests().request({.subject = "a", .timeout = kNever}), FailsWith(Errc::not_found));
}

TEST_P(RequestsTest, TenThousandAtATimeGetEachItsOwnReply) {
  constexpr std::size_t kCount = 10'000;
  start();
  answer("echo", [](const Message& question) { return std::string(question.data()); });
  std::vector<int> right(kCount);
  Outcomes outcomes;
  for (std::size_t i = 0; i < kCount; ++i) {
    requests().send({.subject = "echo", .data = std::to_string(i), .timeout = kNever},
                    [&, i, done = outcomes.next()](Result<Message> reply) mutable {
                      if (reply && reply->data() == std::to_string(i)) ++right[i];
                      done(std::move(reply));
                    });
  }

  EXPECT_THAT(outcomes.wait_for_all(), Each(kFine));
  EXPECT_THAT(right, Each(1));
}

TEST_P(RequestsTest, SeveralRepliesComeUntilTheCallerHasEnough) {
  start();
  answer_often("many", 5);
  std::vector<std::string> seen;
  Outcomes outcomes;

  requests().send(
      {.subject = "many", .timeout = kNever},
      [&](const Message& reply) {
        seen.emplace_back(reply.data());
        return seen.size() < 3;
      },
      outcomes.next());

  EXPECT_THAT(outcomes.wait_for_all(), ElementsAre(kFine));
  EXPECT_THAT(seen, ElementsAre("1", "2", "3"));
}

TEST_P(RequestsTest, AStatusEndsSeveralReplies) {
  start_jetstream();
  ASSERT_THAT(requests().request({.subject = "$JS.API.STREAM.CREATE.orders",
                                  .data = R"({"name": "orders", "subjects": ["orders"],
                                              "allow_direct": true})"}),
              Succeeds());
  for (int i = 0; i < 3; ++i) {
    ASSERT_THAT(requests().request({.subject = "orders", .data = "x"}), Succeeds());
  }
  std::atomic<int> seen = 0;
  std::promise<int> status;

  requests().send(
      {.subject = "$JS.API.DIRECT.GET.orders",
       .data = R"({"seq": 1, "batch": 10})",
       .timeout = kNever},
      [&](const Message& reply) {
        ++seen;
        return reply.header("Nats-Num-Pending").has_value();  // an old server knows no batches
      },
      [&](const Result<Message>& last) { status.set_value(last ? last->status() : -1); });

  const bool is_new = GetParam() == tests::ServerVersion::v2_15;
  EXPECT_EQ(status.get_future().get(), is_new ? 204 : 0);
  EXPECT_EQ(seen, is_new ? 3 : 1);
}

TEST_P(RequestsTest, AStatusIsTheReplyToAPlainRequest) {
  start_jetstream();
  ASSERT_THAT(requests().request({.subject = "$JS.API.STREAM.CREATE.orders",
                                  .data = R"({"name": "orders", "subjects": ["orders"],
                                              "allow_direct": true})"}),
              Succeeds());

  const auto reply =
      requests().request({.subject = "$JS.API.DIRECT.GET.orders", .data = R"({"seq": 1})"});

  ASSERT_THAT(reply, Succeeds());
  EXPECT_EQ(reply->status(), 404);
  EXPECT_EQ(reply->status_text(), "Message Not Found");
}

TEST_P(RequestsTest, SilenceAfterSomeRepliesEndsByTheDeadline) {
  start();
  answer_often("many", 2);
  std::atomic<int> seen = 0;
  Outcomes outcomes;

  requests().send(
      {.subject = "many", .timeout = 50ms}, [&](const Message&) { return ++seen > 0; },
      outcomes.next());

  EXPECT_THAT(outcomes.wait_for_all(), ElementsAre(Errc::outcome_unknown));
  EXPECT_EQ(seen, 2);
}

TEST_P(RequestsTest, DestroyedItEndsWhatIsInFlight) {
  start();
  silent("silent");
  Outcomes outcomes;
  for (int i = 0; i < 10; ++i) {
    requests().send({.subject = "silent", .timeout = kNever}, outcomes.next());
  }

  drop();

  EXPECT_THAT(outcomes.all(), ::testing::AllOf(::testing::SizeIs(10), Each(Errc::outcome_unknown)));
}

TEST_P(RequestsTest, ClosedIsClosedAlsoForWhatACompletionSends) {
  start();
  silent("silent");
  Outcomes outcomes;
  requests().send({.subject = "silent", .timeout = kNever},
                  [&, done = outcomes.next()](Result<Message> reply) mutable {
                    requests().send({.subject = "silent"}, outcomes.next());
                    done(std::move(reply));
                  });

  requests().close();

  EXPECT_THAT(outcomes.all(), ElementsAre(Errc::closed, Errc::outcome_unknown));
}

TEST_P(RequestsTest, ACompletionMayDestroyItOnAnyThread) {
  start();
  silent("silent");
  answer("echo", [](const Message&) { return ""; });
  for (const auto& [subject, timeout] :
       {std::pair{"echo", 3'600'000ms}, std::pair{"silent", 1ms}}) {
    use({});
    testing::Gate done;
    requests().send({.subject = subject, .timeout = timeout}, [&](const Result<Message>&) {
      drop();
      done.open();
    });
    EXPECT_TRUE(done.pass()) << subject;
  }
}

TEST_P(RequestsTest, ACompletionThatWouldWaitForItselfIsRefused) {
  start();
  answer("echo", [](const Message&) { return ""; });
  Outcomes outcomes;
  requests().send({.subject = "echo", .timeout = kNever},
                  [&, done = outcomes.next()](const Result<Message>&) mutable {
                    done(requests().request({.subject = "echo"}));
                  });

  EXPECT_THAT(outcomes.wait_for_all(), ElementsAre(Errc::invalid_argument));
}

TEST_P(RequestsTest, UnderKillsAndStopsEachRequestEndsExactlyOnce) {
  start();
  answer("echo", [](const Message& question) { return std::string(question.data()); });
  Outcomes outcomes;
  std::counting_semaphore<> room(1'000);
  std::vector<std::jthread> senders;
  for (int i = 0; i < 4; ++i) {
    senders.emplace_back([&](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        room.acquire();
        requests().send({.subject = "echo", .data = "x", .timeout = 200ms},
                        [&, done = outcomes.next()](Result<Message> reply) mutable {
                          room.release();
                          done(std::move(reply));
                        });
      }
    });
  }
  for (int i = 0; i < 3; ++i) {
    const auto fine = outcomes.count(kFine);
    ASSERT_TRUE(eventually([&] { return outcomes.count(kFine) > fine + 100; }));
    const auto unknown = outcomes.count(Errc::outcome_unknown);
    server().stop_process();
    ASSERT_TRUE(eventually([&] { return outcomes.count(Errc::outcome_unknown) > unknown; }));
    server().continue_process();
    server().restart();
  }
  senders.clear();

  outcomes.wait_for_all();  // which also fails if one ended twice
  EXPECT_GT(outcomes.count(kFine), 0);
}

}  // namespace
}  // namespace aether::nats
