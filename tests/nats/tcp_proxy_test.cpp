// SPDX-License-Identifier: Apache-2.0
#include "nats/tcp_proxy.hpp"

#include "nats/test_support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace aether::tests {
namespace {

using ::testing::ElementsAre;
using ::testing::StartsWith;

class TcpProxyTest : public ::testing::Test {
 protected:
  /// A client that has said hello and is subscribed to all.
  [[nodiscard]] Connection connect() const {
    auto connection = Connection::to(proxy_.port(), std::chrono::seconds(5));
    if (!connection) throw std::runtime_error("the proxy does not listen");
    connection->write("CONNECT {\"verbose\": false, \"headers\": true}\r\nSUB > 1\r\nPING\r\n");
    EXPECT_THAT(connection->read_line().value_or(""), StartsWith("INFO "));
    EXPECT_EQ(connection->read_line(), "PONG");
    return std::move(*connection);
  }
  static void publish(const Connection& client, const std::string& subject,
                      const std::string& data) {
    client.write("PUB " + subject + " " + std::to_string(data.size()) + "\r\n" + data + "\r\n");
  }
  /// The next message, as "subject:data", or the next line that is not the server's PING.
  static std::string next(Connection& client) {
    std::string line;
    do {
      line = client.read_line().value_or("silence");
    } while (line == "PING");
    if (!line.starts_with("MSG ")) return line;
    return line.substr(4, line.find(' ', 4) - 4) + ":" + client.read_line().value_or("silence");
  }

  NatsServer server_{{.jetstream = false}};
  TcpProxy proxy_{server_.port()};
};

TEST_F(TcpProxyTest, PassesBothWaysAndMuchAtOnce) {
  auto client = connect();
  const std::string much(900'000, 'x');

  publish(client, "a", "one");
  publish(client, "b", much);
  publish(client, "c", "");

  EXPECT_EQ(next(client), "a:one");
  EXPECT_EQ(next(client), "b:" + much);
  EXPECT_EQ(next(client), "c:");
  EXPECT_EQ(proxy_.swallowed(), 0U);
}

TEST_F(TcpProxyTest, SaysSomethingElseInPlaceOfWhatTheServerSaid) {
  auto client = connect();
  proxy_.replace([](const ServerFrame& frame) -> std::optional<ServerMessage> {
    if (frame.subject == "plain") return ServerMessage{.data = "something longer"};
    if (frame.subject == "status") return ServerMessage{.headers = "NATS/1.0 503\r\n\r\n"};
    return std::nullopt;
  });

  publish(client, "a", "one");
  publish(client, "plain", "x");
  client.write("HPUB plain re.ply 18 24\r\nNATS/1.0\r\na: b\r\n\r\nsecret\r\n");
  client.write("PUB status re.ply 1\r\ny\r\n");
  publish(client, "b", "two");

  EXPECT_EQ(next(client), "a:one");
  EXPECT_EQ(next(client), "plain:something longer");
  EXPECT_EQ(client.read_line(), "MSG plain 1 re.ply 16");
  EXPECT_EQ(client.read_line(), "something longer");
  EXPECT_EQ(client.read_line(), "HMSG status 1 re.ply 16 16");
  EXPECT_EQ(client.read_line(), "NATS/1.0 503");
  EXPECT_EQ(client.read_line(), "");
  EXPECT_EQ(client.read_line(), "");  // the end of no data
  EXPECT_EQ(next(client), "b:two");
  EXPECT_EQ(proxy_.replaced(), 3U);
}

TEST_F(TcpProxyTest, SwallowsWhatTheRuleSaysAndNothingElse) {
  auto client = connect();
  proxy_.swallow([](const ServerFrame& frame) {
    return frame.subject == "lost" || frame.content.contains("secret");
  });

  for (const std::string subject : {"a", "lost", "b"}) publish(client, subject, "MSG lost 1 1");
  publish(client, "c", "a secret");
  client.write("HPUB d 18 24\r\nNATS/1.0\r\na: b\r\n\r\nsecret\r\n");
  publish(client, "e", "x");

  EXPECT_EQ(next(client), "a:MSG lost 1 1");
  EXPECT_EQ(next(client), "b:MSG lost 1 1");
  EXPECT_EQ(next(client), "e:x");
  EXPECT_EQ(proxy_.swallowed(), 3U);

  proxy_.swallow({});
  publish(client, "lost", "x");
  EXPECT_EQ(next(client), "lost:x");
}

TEST_F(TcpProxyTest, SwallowsLinesToo) {
  auto client = connect();
  proxy_.swallow([](const ServerFrame& frame) { return frame.content == "PONG"; });

  client.write("PING\r\n");
  publish(client, "a", "x");

  EXPECT_EQ(next(client), "a:x");
}

TEST_F(TcpProxyTest, CutEndsAllConnectionsAndTakesNewOnes) {
  auto one = connect();
  auto other = connect();

  proxy_.cut();

  EXPECT_EQ(one.read_line(), std::nullopt);
  EXPECT_EQ(other.read_line(), std::nullopt);
  auto again = connect();
  publish(again, "a", "x");
  EXPECT_EQ(next(again), "a:x");
}

TEST_F(TcpProxyTest, StalledNothingPassesAndResumedAllDoes) {
  auto client = connect();
  auto other = Connection::to(server_.port());
  ASSERT_TRUE(other);

  proxy_.stall();
  publish(client, "up", "x");
  other->write("CONNECT {\"verbose\": false}\r\nSUB up 1\r\nPUB down 1\r\ny\r\nPING\r\n");
  EXPECT_THAT(other->read_line().value_or(""), StartsWith("INFO "));
  EXPECT_EQ(other->read_line(), "PONG");  // so the server has sent "down" to the client
  EXPECT_EQ(next(client), "silence");

  proxy_.resume();
  EXPECT_EQ(next(client), "down:y");
  EXPECT_EQ(next(client), "up:x");
  EXPECT_EQ(next(*other), "up:x");
}

TEST_F(TcpProxyTest, SaysALineInTheServersName) {
  auto client = connect();

  proxy_.say("-ERR 'so it is'");

  EXPECT_EQ(client.read_line(), "-ERR 'so it is'");
}

TEST_F(TcpProxyTest, AServerThatHangsUpIsHeardToTheEnd) {
  auto client = connect();

  client.write("NONSENSE\r\n");

  EXPECT_EQ(client.read_line(), "-ERR 'Unknown Protocol Operation'");
  EXPECT_EQ(client.read_line(), std::nullopt);
}

TEST(ServerFramesTest, AreTheSameHoweverTheyAreCut) {
  const std::string sent =
      "INFO {}\r\nMSG a.b 1 3\r\n\r\nx\r\nPING\r\nHMSG c 1 back 4 6\r\nhhhhdd\r\n";
  for (std::size_t first = 0; first <= sent.size(); ++first) {
    ServerFrames frames;
    std::string out;
    std::vector<std::string> seen;
    const auto look = [&](const ServerFrame& frame) {
      seen.push_back(std::string(frame.subject) + "|" + std::string(frame.content));
      return frame.subject == "a.b";
    };

    const FrameRules rules{.is_dropped = look, .edit = {}};
    frames.pass(sent.substr(0, first), rules, out);
    frames.pass(sent.substr(first), rules, out);

    EXPECT_THAT(seen, ElementsAre("|INFO {}", "a.b|\r\nx", "|PING", "c|hhhhdd"));
    EXPECT_EQ(out, "INFO {}\r\nPING\r\nHMSG c 1 back 4 6\r\nhhhhdd\r\n");
  }
}

}  // namespace
}  // namespace aether::tests
