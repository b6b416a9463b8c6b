// SPDX-License-Identifier: Apache-2.0
#include "nats/transport.hpp"

#include "nats/inbox.hpp"
#include "nats/nats_server.hpp"
#include "nats/test_support.hpp"
#include "testing/matchers.hpp"
#include "testing/waiting.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

namespace aether::nats {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using testing::eventually;
using testing::FailsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Succeeds;
using tests::NatsServer;
using tests::ServerVersion;

class TransportTest : public ::testing::TestWithParam<ServerVersion> {
 protected:
  static tests::ServerOptions server_options(const std::string& config = "") {
    return {.version = GetParam(), .jetstream = false, .config = config};
  }
  static std::unique_ptr<Transport> connect(const NatsServer& server) {
    return connect({.urls = {server.url()}, .reconnect = {.wait = 10ms, .jitter = 0ms}});
  }
  static std::unique_ptr<Transport> connect(const ConnectOptions& options) {
    auto transport = Transport::connect(options);
    EXPECT_THAT(transport, Succeeds());
    return transport ? std::move(*transport) : nullptr;
  }
  static void kill_and_wait(NatsServer& server, const Transport& transport) {
    server.kill_9();
    ASSERT_TRUE(eventually([&] { return transport.status() == ConnectionStatus::reconnecting; }));
  }
};

INSTANTIATE_TEST_SUITE_P(Versions, TransportTest, tests::kVersions, tests::version_name);

TEST_P(TransportTest, DeliversWhatWasPublishedByteForByte) {
  const NatsServer server(server_options());
  const auto transport = connect(server);
  testing::Gate arrived;
  std::string seen;
  const auto subscription = *transport->subscribe("a.*", "", [&](const Message& message) {
    seen = std::string(message.subject()) + "|" + std::string(message.reply()) + "|" +
           std::string(message.data()) + "|" + std::string(message.header("Key").value_or("?")) +
           "|" + std::string(message.header("Other").value_or("none")) + "|" +
           std::to_string(message.status());
    arrived.open();
  });
  const std::string data("\0\r\nPUB x 0\r\n\xff", 13);

  const std::array headers{Header{"Key", "a value: \"x\""}};
  ASSERT_THAT(transport->publish({"a.b", "back.to", headers, data}), Succeeds());

  ASSERT_TRUE(arrived.pass());
  EXPECT_EQ(seen, "a.b|back.to|" + data + "|a value: \"x\"|none|0");
  EXPECT_EQ(transport->statistics().messages_in, 1U);
  EXPECT_EQ(transport->statistics().bytes_out, 13U);
}

TEST_P(TransportTest, WhatWouldBeACommandDoesNotReachTheWire) {
  const NatsServer server(server_options());
  const auto transport = connect(server);
  Inbox inbox(*transport, ">");
  const std::string evil = "x 0\r\n\r\nPUB evil 0\r\n\r\nPUB y";
  const std::array bad_name{Header{evil, "x"}};
  const std::array bad_value{Header{"x", evil}};

  EXPECT_THAT(transport->publish({evil}), FailsWith(Errc::invalid_argument));
  EXPECT_THAT(transport->publish({"x", evil}), FailsWith(Errc::invalid_argument));
  EXPECT_THAT(transport->publish({"x", "", bad_name}), FailsWith(Errc::invalid_argument));
  EXPECT_THAT(transport->publish({"x", "", bad_value}), FailsWith(Errc::invalid_argument));
  EXPECT_THAT(transport->publish({"x.*"}), FailsWith(Errc::invalid_argument));
  EXPECT_THAT(transport->subscribe("a 1\r\nPUB evil 0\r\n", "", {}),
              FailsWith(Errc::invalid_argument));
  EXPECT_THAT(transport->subscribe("a", "q 1\r\nPUB evil 0\r\n", {}),
              FailsWith(Errc::invalid_argument));

  ASSERT_THAT(transport->publish({"last"}), Succeeds());
  EXPECT_THAT(inbox.wait_for(1), ElementsAre("last:"));
}

TEST_P(TransportTest, WhatTheServerWouldNotTakeIsTooLarge) {
  const NatsServer server(server_options("max_payload: 1000"));
  const auto transport = connect(server);
  Inbox inbox(*transport, ">");
  const std::string most(1'000, 'x');
  const std::array headers{Header{"a", "b"}};

  EXPECT_THAT(transport->publish({.subject = "a", .data = most + "x"}), FailsWith(Errc::too_large));
  EXPECT_THAT(transport->publish({.subject = "a", .headers = headers, .data = most}),
              FailsWith(Errc::too_large));
  EXPECT_THAT(transport->publish({.subject = "a", .data = most}), Succeeds());

  EXPECT_THAT(inbox.wait_for(1), ElementsAre("a:" + most));
}

TEST_P(TransportTest, OneOfAQueueGetsAMessage) {
  const NatsServer server(server_options());
  const auto transport = connect(server);
  std::atomic<int> count = 0;
  const auto take = [&](const Message&) { ++count; };
  const auto one = *transport->subscribe("a", "group", take);
  const auto other = *transport->subscribe("a", "group", take);
  Inbox inbox(*transport, "a");

  for (int i = 0; i < 100; ++i) ASSERT_THAT(transport->publish({"a"}), Succeeds());
  inbox.wait_for(100);

  EXPECT_TRUE(eventually([&] { return count == 100; }));
}

TEST_P(TransportTest, WhatIsForbiddenIsToldWithItsSubject) {
  const NatsServer server(server_options(R"(authorization {users: [{user: red, password: x,
      permissions: {publish: {deny: ["no.>"]}, subscribe: {allow: ["yes"]}}}]})"));
  const auto transport = connect({.urls = {server.url()}, .user = "red", .password = "x"});
  EventLog events(*transport);
  const std::string longest = "no." + std::string(1'000, 'x');

  EXPECT_THAT(transport->publish({"no.a\"b\\"}), Succeeds());
  EXPECT_THAT(transport->publish({longest}), Succeeds());
  const auto subscription = transport->subscribe("other.*", "", [](const Message&) {});

  ASSERT_TRUE(eventually([&] { return events.count(LinkEvent::Kind::denied) == 3; }));
  const auto seen = events.all();
  EXPECT_EQ(seen[0].subject, "no.a\"b\\");
  EXPECT_FALSE(seen[0].is_subject_cut || seen[0].is_subscription);
  EXPECT_TRUE(seen[1].is_subject_cut && longest.starts_with(seen[1].subject));
  EXPECT_GT(seen[1].subject.size(), 100U);
  EXPECT_EQ(seen[2].subject, "other.*");
  EXPECT_TRUE(seen[2].is_subscription);
}

TEST_P(TransportTest, WithoutAConnectionNothingIsDoneAndThatIsSaidAtOnce) {
  NatsServer server(server_options());
  const auto transport = connect(server);
  Inbox inbox(*transport, ">");
  kill_and_wait(server, *transport);

  EXPECT_THAT(transport->publish({"lost"}), FailsWith(Errc::unavailable));
  EXPECT_THAT(transport->flush(1s), FailsWith(Errc::unavailable));
  server.restart();
  ASSERT_TRUE(eventually([&] { return transport->status() == ConnectionStatus::connected; }));

  ASSERT_THAT(transport->publish({"after"}), Succeeds());
  EXPECT_THAT(inbox.wait_for(1), ElementsAre("after:"));  // and the subscription is there again
}

TEST_P(TransportTest, EventsComeInOrder) {
  NatsServer server(server_options());
  const auto transport = connect(server);
  EventLog events(*transport);

  server.send(SIGUSR2);
  ASSERT_TRUE(eventually([&] { return events.count(LinkEvent::Kind::lame_duck) > 0; }));
  kill_and_wait(server, *transport);
  server.restart();
  ASSERT_TRUE(eventually([&] { return events.count(LinkEvent::Kind::reconnected) > 0; }));
  transport->close();
  ASSERT_TRUE(eventually([&] { return events.count(LinkEvent::Kind::closed) > 0; }));

  EXPECT_THAT(events.kinds(), ElementsAre(LinkEvent::Kind::lame_duck, LinkEvent::Kind::disconnected,
                                          LinkEvent::Kind::reconnected,
                                          LinkEvent::Kind::disconnected, LinkEvent::Kind::closed));
}

TEST_P(TransportTest, ClosedIsClosed) {
  const NatsServer server(server_options());
  const auto transport = connect(server);

  transport->close();

  EXPECT_THAT(transport->publish({"a"}), FailsWith(Errc::closed));
  EXPECT_THAT(transport->subscribe("a", "", [](const Message&) {}), FailsWith(Errc::closed));
  EXPECT_THAT(transport->flush(1s), FailsWith(Errc::closed));
}

TEST_P(TransportTest, FlushedMeansThatTheServerHasIt) {
  NatsServer server(server_options());
  const auto transport = connect(server);
  ASSERT_THAT(transport->publish({"a"}), Succeeds());

  EXPECT_THAT(transport->flush(10s), Succeeds());
  server.stop_process();
  EXPECT_THAT(transport->flush(20ms), FailsWith(Errc::unavailable));
}

TEST_P(TransportTest, AServerThatTakesNothingIsGivenUpAfterTheWriteTimeout) {
  NatsServer server(server_options());
  const auto transport = connect({.urls = {server.url()},
                                  .connect_timeout = 100ms,
                                  .write_timeout = 100ms,
                                  .reconnect = {.wait = 10ms, .jitter = 0ms}});
  const std::string data(1'000'000, 'x');

  server.stop_process();
  Result<void> published{};
  for (int i = 0; i < 1'000 && published; ++i) {
    published = transport->publish({.subject = "a", .data = data});
  }

  EXPECT_THAT(published, FailsWith(Errc::unavailable));
  server.continue_process();
  ASSERT_TRUE(eventually([&] { return transport->statistics().reconnects > 0; }));
  EXPECT_TRUE(eventually([&] { return transport->publish({"a"}).has_value(); }));
}

TEST_P(TransportTest, DestroyingASubscriptionWaitsForItsHandler) {
  const NatsServer server(server_options());
  const auto transport = connect(server);
  testing::Gate entered;
  testing::Gate leave;
  std::atomic<bool> is_running = false;
  auto subscription = *transport->subscribe("a", "", [&](const Message&) {
    is_running = true;
    entered.open();
    EXPECT_TRUE(leave.pass());
    is_running = false;
  });
  for (int i = 0; i < 10; ++i) ASSERT_THAT(transport->publish({"a"}), Succeeds());
  ASSERT_TRUE(entered.pass());

  std::jthread opener([&] { leave.open(); });
  subscription.reset();

  EXPECT_FALSE(is_running);
}

TEST_P(TransportTest, AHandlerMayEndItsSubscriptionAndEvenTheConnection) {
  const NatsServer server(server_options());
  auto transport = connect(server);
  testing::Gate ended;
  std::unique_ptr<Handle> subscription;
  testing::Gate ready;
  subscription = *transport->subscribe("a", "", [&](const Message&) {
    if (!ready.pass()) return;
    subscription.reset();
    transport.reset();
    ended.open();
  });
  ASSERT_THAT(transport->publish({"a"}), Succeeds());
  ready.open();

  EXPECT_TRUE(ended.pass());
}

TEST_P(TransportTest, AHandlerThatThrowsIsLoggedAndCalledAgain) {
  const NatsServer server(server_options());
  std::mutex mutex;
  std::string logged;
  const auto transport =
      connect({.urls = {server.url()}, .log = [&](LogLevel, std::string_view message) {
                 const std::scoped_lock lock(mutex);
                 logged += message;
               }});
  std::atomic<int> calls = 0;
  const auto subscription = *transport->subscribe("a", "", [&](const Message&) {
    ++calls;
    throw std::runtime_error("what broke");
  });

  for (int i = 0; i < 2; ++i) ASSERT_THAT(transport->publish({"a"}), Succeeds());

  EXPECT_TRUE(eventually([&] { return calls == 2; }));
  EXPECT_TRUE(eventually([&] {
    const std::scoped_lock lock(mutex);
    return logged.contains("what broke");
  }));
}

TEST_P(TransportTest, ManySubscriptionsNeedFewThreads) {
  const auto count_threads = [] {
    const std::filesystem::directory_iterator tasks("/proc/self/task");
    return std::ranges::distance(begin(tasks), end(tasks));
  };
  constexpr std::size_t kMany = 200;
  constexpr int kFew = 4;
  const NatsServer server(server_options());
  const auto transport = connect(server);
  std::array<std::atomic<int>, kMany> seen{};
  std::vector<std::unique_ptr<Handle>> subscriptions;

  const auto before = count_threads();
  for (std::atomic<int>& count : seen) {
    subscriptions.push_back(*transport->subscribe("a", "", [&](const Message&) { ++count; }));
  }
  for (int i = 0; i < 10; ++i) ASSERT_THAT(transport->publish({"a"}), Succeeds());

  EXPECT_LE(count_threads(), before + kFew);
  EXPECT_TRUE(eventually(
      [&] { return std::ranges::all_of(seen, [](const auto& count) { return count == 10; }); }));
}

TEST_P(TransportTest, SubscriptionsThatHaveEndedOnASilentConnectionTakeNoMemory) {
  const NatsServer server(server_options());
  const auto transport = connect(server);
  const auto come_and_go = [&](int times) {
    for (int i = 0; i < times; ++i) {
      ASSERT_THAT(transport->subscribe("silent.*", "", [](const Message&) {}), Succeeds());
      ASSERT_THAT(transport->flush(30s), Succeeds());
    }
  };
  come_and_go(100);

  const std::size_t before = mallinfo2().uordblks;  // 0 under a sanitizer
  come_and_go(3'000);

  EXPECT_LT(mallinfo2().uordblks, before + 1'000'000U);
}

TEST_P(TransportTest, SubscriptionsComeAndGoWhileMessagesFlow) {
  const NatsServer server(server_options());
  const auto transport = connect(server);
  std::jthread flood([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) EXPECT_THAT(transport->publish({"a.b"}), Succeeds());
  });

  std::atomic<int> received = 0;
  for (int i = 0; i < 200; ++i) {
    testing::Gate first;
    const auto subscription = *transport->subscribe("a.*", "", [&](const Message&) {
      ++received;
      first.open();
    });
    ASSERT_TRUE(first.pass());
  }
  flood.request_stop();
  flood.join();

  EXPECT_GE(received, 200);
}

}  // namespace
}  // namespace aether::nats
