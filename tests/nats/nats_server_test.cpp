// SPDX-License-Identifier: Apache-2.0
#include "nats/nats_server.hpp"

#include "nats/test_support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

namespace aether::tests {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using ::testing::ThrowsMessage;

std::string greeting_of(const NatsServer& server,
                        std::chrono::seconds patience = std::chrono::seconds(20)) {
  auto connection = Connection::to(server.port(), patience);
  return connection ? connection->read_line().value_or("silence") : "nobody listens";
}

class NatsServerTest : public ::testing::TestWithParam<ServerVersion> {
 protected:
  static ServerOptions options() { return {.version = GetParam()}; }

  static void store_one_message(const NatsServer& server) {
    ASSERT_THAT(request(server, "$JS.API.STREAM.CREATE.orders",
                        R"({"name": "orders", "subjects": ["orders"], "storage": "file"})"),
                HasSubstr("created"));
    ASSERT_THAT(request(server, "orders", "placed"), HasSubstr(R"("seq":1)"));
  }
  static std::string state_of_orders(const NatsServer& server) {
    return request(server, "$JS.API.STREAM.INFO.orders");
  }
};

INSTANTIATE_TEST_SUITE_P(Versions, NatsServerTest, kVersions, version_name);

TEST_P(NatsServerTest, IsOfItsVersionAndHasJetStream) {
  const NatsServer server(options());

  const std::string version = GetParam() == ServerVersion::v2_9 ? R"("version":"2.9.)" : "";
  EXPECT_THAT(greeting_of(server),
              AllOf(StartsWith("INFO "), HasSubstr(version), HasSubstr(R"("jetstream":true)")));
  EXPECT_THAT(request(server, "$JS.API.INFO"), HasSubstr("account_info_response"));
  EXPECT_THAT(server.url(), StartsWith("nats://127.0.0.1:"));
  EXPECT_THAT(server.log(), HasSubstr("Server is ready"));
}

TEST_P(NatsServerTest, WithoutJetStreamHasNone) {
  const NatsServer server({.version = GetParam(), .jetstream = false});

  EXPECT_THAT(greeting_of(server), Not(HasSubstr(R"("jetstream":true)")));
}

TEST_P(NatsServerTest, TakesUsersAndLimits) {
  auto with_users = options();
  with_users.config = R"(max_payload: 1000
    authorization { users: [{user: red, password: secret}] })";
  const NatsServer server(with_users);

  EXPECT_THAT(greeting_of(server), HasSubstr(R"("max_payload":1000)"));
  EXPECT_THAT(request(server, "$JS.API.INFO"), StartsWith("-ERR 'Authorization Violation'"));
  EXPECT_THAT(request(server, "$JS.API.INFO", "", R"("user": "red", "pass": "secret")"),
              HasSubstr("account_info_response"));
}

TEST_P(NatsServerTest, IsBackOnItsPortWithItsStoreAfterAKill) {
  NatsServer server(options());
  store_one_message(server);
  const std::string url = server.url();

  server.kill_9();

  EXPECT_FALSE(server.is_running());
  EXPECT_EQ(greeting_of(server), "nobody listens");
  server.restart();
  EXPECT_EQ(server.url(), url);
  EXPECT_THAT(state_of_orders(server), HasSubstr(R"("messages":1)"));
}

TEST_P(NatsServerTest, IsBackWithItsStoreAfterItWasToldToTerminate) {
  NatsServer server(options());
  store_one_message(server);

  server.terminate();

  EXPECT_FALSE(server.is_running());
  EXPECT_THAT(server.log(), HasSubstr("Server Exiting"));
  server.restart();
  EXPECT_THAT(state_of_orders(server), HasSubstr(R"("messages":1)"));
}

TEST_P(NatsServerTest, StoppedIsSilentAndContinuedAnswers) {
  NatsServer server(options());

  server.stop_process();
  EXPECT_EQ(greeting_of(server, std::chrono::seconds(1)), "silence");

  server.continue_process();
  EXPECT_THAT(greeting_of(server), StartsWith("INFO "));
}

TEST_P(NatsServerTest, LeavesNoProcessAndNoFile) {
  const TemporaryFolder folder;
  const Environment temporary("TMPDIR", folder.path());
  pid_t pid = 0;
  {
    NatsServer server(options());
    store_one_message(server);
    pid = server.pid();
    server.stop_process();  // not even one that cannot hear

    ASSERT_TRUE(is_process(pid));
    ASSERT_FALSE(std::filesystem::is_empty(folder.path()));
  }
  EXPECT_FALSE(is_process(pid));
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST_P(NatsServerTest, OutlivesTheThreadThatStartedIt) {
  std::unique_ptr<NatsServer> server;
  std::thread([&] { server = std::make_unique<NatsServer>(options()); }).join();

  EXPECT_THAT(greeting_of(*server), StartsWith("INFO "));
}

TEST_P(NatsServerTest, DiesWithTheProcessThatStartedIt) {
  const TemporaryFolder folder;  // the killed process cannot remove its files
  std::array<int, 2> pipe_ends{};
  ASSERT_EQ(pipe(pipe_ends.data()), 0);
  prctl(PR_SET_CHILD_SUBREAPER, 1);  // the server becomes ours when its parent is gone
  const pid_t starter = fork();
  if (starter == 0) {
    const Environment temporary("TMPDIR", folder.path());
    const NatsServer server(options());
    const pid_t pid = server.pid();
    if (write(pipe_ends[1], &pid, sizeof pid) != sizeof pid) _exit(1);
    pause();
  }
  pid_t server = 0;
  ASSERT_EQ(read(pipe_ends[0], &server, sizeof server), ssize_t{sizeof server});

  kill(starter, SIGKILL);

  int status = 0;
  EXPECT_EQ(waitpid(starter, &status, 0), starter);
  EXPECT_EQ(waitpid(server, &status, 0), server);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  close(pipe_ends[0]);
  close(pipe_ends[1]);
}

TEST_P(NatsServerTest, RefusedConfigurationIsAnErrorWithTheServersWords) {
  auto wrong = options();
  wrong.config = "no_such_field: 1";

  EXPECT_THAT(
      [&] { NatsServer server(wrong); },
      ThrowsMessage<std::runtime_error>(AllOf(HasSubstr("has ended"), HasSubstr("no_such_field"))));
}

TEST_P(NatsServerTest, MissingProgramIsAnErrorThatNamesTheScript) {
  const TemporaryFolder empty;
  const Environment cache("AETHER_CACHE", empty.path());

  EXPECT_THAT([] { NatsServer server(options()); },
              ThrowsMessage<std::runtime_error>(
                  HasSubstr("run script/nats-server " + std::string(name_of(GetParam())))));
}

}  // namespace
}  // namespace aether::tests
