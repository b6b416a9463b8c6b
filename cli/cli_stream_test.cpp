// SPDX-License-Identifier: Apache-2.0
#include "cli_fixture.hpp"
#include "database.hpp"

#include <csignal>
#include <memory>

namespace aether::cli::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

using StreamTest = CliTest;

TEST_F(StreamTest, TailPrintsTheEventsOfItsFilterInTheStoresOrder) {
  append_orders();
  const auto positions = [&](std::vector<std::string> args) {
    args.insert(args.begin(), {"tail", "--json"});
    std::vector<int> result;
    for (const auto& event : objects(aether(args).out)) result.push_back(event["position"]);
    return result;
  };

  EXPECT_THAT(positions({}), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(positions({"--after", "2"}), ElementsAre(3, 4));
  EXPECT_THAT(positions({"--after", "1", "--limit", "2"}), ElementsAre(2, 3));
  EXPECT_THAT(positions({"--actor", "order-2"}), ElementsAre(2));
  EXPECT_THAT(positions({"--category", "order"}), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(positions({"--category", "orde"}), IsEmpty());
  EXPECT_THAT(positions({"--type", "OrderPaid", "--type", "OrderShipped"}), ElementsAre(3, 4));
  EXPECT_THAT(lines(aether({"tail"}).out)[0], StartsWith("POSITION  ACTOR    VERSION  TIME"));
  EXPECT_EQ(aether({"tail", "--category", "none"}).out, "No events.\n");
}

TEST_F(StreamTest, FollowPrintsNewEventsOfOtherProcessesUntilSigint) {
  append_orders();
  Program tail(with_store({"tail", "--follow", "--after", "4"}), {});

  append("order-7", "OrderPlaced", R"({"new":true})");
  ASSERT_TRUE(tail.wait_for(R"({"new":true})"));
  append("order-8", "OrderPlaced", R"({"newer":true})");
  ASSERT_TRUE(tail.wait_for(R"({"newer":true})"));
  tail.signal(SIGINT);
  const auto done = tail.finish();

  EXPECT_EQ(done.exit_code, 130);
  EXPECT_THAT(done.err, IsEmpty());
  EXPECT_THAT(done.out, Not(HasSubstr("order-1")));
}

TEST_F(StreamTest, FollowEndsCleanlyWithSigtermAndAtItsLimit) {
  append_orders();
  Program tail(with_store({"tail", "-f", "--json"}), {});
  ASSERT_TRUE(tail.wait_for("OrderShipped"));
  tail.signal(SIGTERM);
  EXPECT_EQ(tail.finish().exit_code, 143);

  const auto limited = aether({"tail", "--follow", "--limit", "3", "--json"});
  EXPECT_EQ(limited.exit_code, 0);
  EXPECT_EQ(lines(limited.out).size(), 3U);
}

TEST_F(StreamTest, InTheBackgroundOfAShellSigintChangesNothing) {
  append_orders();
  const std::string command =
      "trap '' INT HUP; exec " AETHER_PROGRAM " --store " + store() + " tail --follow --json";
  Program tail({"-c", command}, {.program = "/bin/sh"});
  ASSERT_TRUE(tail.wait_for("OrderShipped"));

  tail.signal(SIGINT);
  tail.signal(SIGHUP);
  append("order-7", "OrderReturned");
  ASSERT_TRUE(tail.wait_for("OrderReturned"));
  tail.signal(SIGTERM);

  EXPECT_EQ(tail.finish().exit_code, 143);
}

TEST_F(StreamTest, TenFollowersSeeAllThatOneWriterAppends) {
  append("b", "T");  // so that there is a database to follow
  std::vector<std::unique_ptr<Program>> followers;
  followers.reserve(10);
  for (int i = 0; i < 10; ++i) {
    followers.push_back(std::make_unique<Program>(
        with_store({"tail", "--follow", "--json", "--limit", "201"}), RunOptions{}));
  }
  std::string input;
  for (int i = 1; i <= 200; ++i) {
    input += R"({"id":"i)" + std::to_string(i) + R"(","eventType":"T","actorId":"a","version":)" +
             std::to_string(i) + R"(,"timestamp":"2026-01-01T00:00:00Z"})" + "\n";
  }

  ASSERT_EQ(aether({"append", "--lines"}, {.input = input}).exit_code, 0);

  const std::string all = aether({"tail", "--json"}).out;
  for (const auto& follower : followers) {
    const auto done = follower->finish();
    EXPECT_EQ(done.exit_code, 0) << done.err;
    EXPECT_EQ(done.out, all);
  }
}

TEST_F(StreamTest, AFollowerWhoseReaderIsGoneEndsQuietlyWithoutAnotherEvent) {
  append_orders();
  Program tail(with_store({"tail", "--follow"}), {});
  ASSERT_TRUE(tail.wait_for("OrderShipped"));

  tail.close_output();

  const auto done = tail.finish();
  EXPECT_EQ(done.exit_code, 0);
  EXPECT_THAT(done.err, IsEmpty());
}

TEST_F(StreamTest, AReaderThatGoesAwayEndsTheOutputQuietly) {
  std::string input;
  for (int i = 1; i <= 5000; ++i) {
    input += R"({"id":"i)" + std::to_string(i) + R"(","eventType":"T","actorId":"a","version":)" +
             std::to_string(i) + R"(,"timestamp":"2026-01-01T00:00:00Z","data":{}})" + "\n";
  }
  ASSERT_EQ(aether({"append", "--lines"}, {.input = input}).exit_code, 0);

  Program tail(with_store({"tail", "--json"}), {});  // more than a pipe holds
  ASSERT_TRUE(tail.wait_for("\n"));
  tail.close_output();
  const auto done = tail.finish();

  EXPECT_EQ(done.exit_code, 0);
  EXPECT_EQ(done.signal, 0);
  EXPECT_THAT(done.err, IsEmpty());
}

TEST_F(StreamTest, AFullDiskUnderTheOutputIsAnError) {
  append_orders();

  for (const std::string verb : {"tail", "actors", "digest", "version", "help"}) {
    const auto done = aether({verb}, {.output_file = "/dev/full"});
    EXPECT_EQ(done.exit_code, 1) << verb;
    EXPECT_THAT(done.err, HasSubstr("No space left on device")) << verb;
  }
}

TEST_F(StreamTest, WhereTheOutputFailsItIsSaidWhatIsDoneAllTheSame) {
  const std::string event =
      R"({"id":"1","eventType":"T","actorId":"a","version":1,"timestamp":"2026-01-01T00:00:00Z"})"
      "\n";
  const RunOptions full{.output_file = "/dev/full"};
  const auto expect_said = [](const Finished& done, const std::string& what) {
    EXPECT_EQ(done.exit_code, 1);
    EXPECT_THAT(done.err, HasSubstr(what));
  };

  expect_said(aether({"append", "order-1", "OrderPlaced", "--id", "e1"}, full),
              "\nThe event is stored: order-1: version 1, position 1, fsynced. Its id is e1.\n");
  expect_said(aether({"append", "order-1", "OrderPaid"}, {.output_closed = true}),
              "\nThe event is stored: order-1: version 2, ");
  expect_said(aether({"append", "--lines"}, {.input = event, .output_file = "/dev/full"}),
              "\nAll lines are stored: 1 event in 1 commit, last position 3.\n");
  expect_said(aether({"backup", path("copy.db")}, full), "\nWrote " + path("copy.db"));
  const auto json = aether({"append", "order-1", "OrderShipped", "--json"}, full);
  EXPECT_EQ(Json::parse(json.err)["error"]["code"], "output_failed");
  EXPECT_THAT(Json::parse(json.err)["error"]["advice"].get<std::string>(),
              StartsWith("The event is stored: "));
  EXPECT_THAT(aether({"tail"}, full).err, Not(HasSubstr("stored")));
}

TEST_F(StreamTest, AClosedStandardOutputIsAnErrorAndLeavesTheDatabaseWhole) {
  const auto done = aether({"append", "order-1", "OrderPlaced"}, {.output_closed = true});

  EXPECT_EQ(done.exit_code, 1);
  EXPECT_THAT(query(database(), "PRAGMA integrity_check"), ElementsAre("ok"));
  EXPECT_EQ(aether({"verify"}).exit_code, 0);
}

}  // namespace
}  // namespace aether::cli::testing
