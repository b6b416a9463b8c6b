// SPDX-License-Identifier: Apache-2.0
#include "cli_nats_fixture.hpp"
#include "nats/patience.hpp"
#include "nats/tcp_proxy.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <csignal>

namespace aether::cli::testing {
namespace {

using std::chrono::steady_clock;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using tests::TcpProxy;

// What is being waited for would give up by itself after ten seconds.
constexpr std::chrono::seconds kSoon{6};

/// Takes connections and says nothing, where a server would greet.
class SilentServer {
 public:
  SilentServer() {
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof any;
    auto* const address = reinterpret_cast<sockaddr*>(&any);
    const bool listens = ::bind(socket_, address, size) == 0 && ::listen(socket_, 8) == 0 &&
                         ::getsockname(socket_, address, &size) == 0;
    EXPECT_TRUE(listens);
    port_ = ntohs(any.sin_port);
  }
  ~SilentServer() { ::close(socket_); }
  SilentServer(const SilentServer&) = delete;
  SilentServer& operator=(const SilentServer&) = delete;

  [[nodiscard]] std::string url() const { return "nats://127.0.0.1:" + std::to_string(port_); }
  /// Returns once somebody has connected.
  void wait_for_client() const { EXPECT_GE(::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC), 0); }

 private:
  int socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  unsigned port_ = 0;
};

/// Between the program and a server that falls silent.
class NatsInterruptTest : public NatsCliTest {
 protected:
  void hold_back_replies() {
    proxy_.swallow([](const tests::ServerFrame& frame) { return !frame.subject.empty(); });
  }
  /// Runs it, and interrupts it once it waits for a reply.
  Finished interrupt(const std::vector<std::string>& args) {
    const auto swallowed = proxy_.swallowed();
    Program program(at(proxy_.url() + "/orders", args), {});
    EXPECT_TRUE(tests::wait_until([&] { return proxy_.swallowed() > swallowed; }));
    const auto begin = steady_clock::now();
    program.signal(SIGINT);
    auto done = program.finish();
    EXPECT_LT(steady_clock::now() - begin, kSoon);
    return done;
  }

  Server server_;
  TcpProxy proxy_{server_.port()};
};

TEST_F(NatsCliTest, SigintEndsTheWaitForAConnection) {
  const SilentServer server;
  Program program(at(server.url() + "/orders", {"append", "a", "T"}), {});
  server.wait_for_client();

  program.signal(SIGINT);
  const auto done = program.finish();

  EXPECT_EQ(done.exit_code, 130);
  EXPECT_EQ(done.err, "aether: interrupted while connecting to NATS\nNothing was stored.\n");
}

TEST_F(NatsInterruptTest, SigintEndsTheOpeningOfAStore) {
  hold_back_replies();

  EXPECT_EQ(interrupt({"verify"}).exit_code, 130);
}

TEST_F(NatsInterruptTest, SigintEndsAReadThatGetsNoAnswer) {
  append_at(url_of(server_), "a", "T");
  // All that direct gets are answered: messages, and the end of a batch.
  proxy_.swallow([](const tests::ServerFrame& frame) {
    return frame.content.contains("Nats-Sequence") || frame.content.starts_with("NATS/1.0 204");
  });
  for (const std::vector<std::string>& verb :
       {std::vector<std::string>{"verify"}, {"read", "a"}, {"tail"}, {"actors"}, {"digest"}}) {
    const auto done = interrupt(verb);
    EXPECT_EQ(done.exit_code, 130) << verb.front();
    EXPECT_EQ(done.err, "aether: interrupted\n");
  }
}

TEST_F(NatsInterruptTest, AnInterruptedAppendSaysThatItsOutcomeIsUnknown) {
  append_at(url_of(server_), "a", "T");
  // An acknowledgement names the stream.
  proxy_.swallow(
      [](const tests::ServerFrame& frame) { return frame.content.contains(R"("stream":"ae)"); });

  const auto done = interrupt({"append", "a", "T", "--id", "mine"});

  EXPECT_EQ(done.exit_code, 130);
  EXPECT_THAT(done.err, HasSubstr("The event may or may not be stored."));
  EXPECT_THAT(done.err, HasSubstr("with the id mine"));
}

TEST_F(NatsInterruptTest, SigintLetsWhatIsOnItsWayLand) {
  Program program(at(url_of(server_), {"append", "--lines"}), {.keep_input_open = true});
  program.send(envelope("a", 1) + "\n" + envelope("a", 2) + "\n");
  ASSERT_TRUE(tests::wait_until(
      [&] { return aether_at(url_of(server_), {"read", "a", "--from", "2"}).exit_code == 0; }));

  program.signal(SIGINT);
  const auto done = program.finish();

  EXPECT_EQ(done.exit_code, 130);
  EXPECT_THAT(done.err, HasSubstr("\n2 lines stored. "));
}

}  // namespace
}  // namespace aether::cli::testing
