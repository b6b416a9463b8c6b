// SPDX-License-Identifier: Apache-2.0
#include "aether/sqlite/store.hpp"
#include "cli_fixture.hpp"
#include "database.hpp"

#include <string>

namespace aether::cli::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class CopyTest : public CliTest {
 protected:
  [[nodiscard]] std::string target() const { return "sqlite:" + path("copy.db"); }
  [[nodiscard]] Finished copy(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> args{"copy", store(), target()};
    args.insert(args.end(), more.begin(), more.end());
    return run(args);
  }
  [[nodiscard]] Finished at_target(std::vector<std::string> args) const {
    args.insert(args.begin(), {"--store", target()});
    return run(args);
  }
  void append_at_target(const std::string& actor_id, const std::string& type) const {
    ASSERT_EQ(at_target({"append", actor_id, type}).exit_code, 0);
  }
  [[nodiscard]] std::string everything() const { return aether({"tail", "--json"}).out; }
  [[nodiscard]] std::string everything_there() const { return at_target({"tail", "--json"}).out; }
};

TEST_F(CopyTest, ACopyIsTheSameToTheLastByte) {
  append_orders();
  const std::string commit =
      R"([{"id":"x1","eventType":"T","actorId":"cart-1","version":3,)"
      R"("timestamp":"2026-01-01T00:00:00.000000001Z","metadata":{"user":"eva"},)"
      R"("data":{"a": 0.10 }},)"
      R"({"id":"x2","eventType":"T","actorId":"cart-1","version":7,)"
      R"("timestamp":"2026-01-01T00:00:00.000000002Z","dataContentType":"image/png",)"
      R"("dataBase64":"AAEC/w=="},)"
      R"({"id":"x3","eventType":"T","actorId":"cart-2","version":1,)"
      R"("timestamp":"1970-01-01T00:00:00.000000001Z","data":null}])";
  ASSERT_EQ(aether({"append", "--lines"}, {.input = commit}).exit_code, 0);

  const auto done = copy();

  EXPECT_EQ(done.out,
            "7 events of 4 actors, up to position 7: 7 events copied, 0 events there already. Read "
            "back, every chain is the same.\n")
      << done.err;
  EXPECT_EQ(everything_there(), everything());
  EXPECT_EQ(at_target({"verify"}).out, "7 events of 4 actors: every chain is intact.\n");
  EXPECT_EQ(at_target({"digest"}).out, digest() + "\n");
}

TEST_F(CopyTest, AgainItBringsWhatIsNew) {
  append_orders();
  ASSERT_EQ(copy().exit_code, 0);
  append("order-1", "OrderReturned");
  append("order-3", "OrderPlaced");

  const auto done = copy({"--json"});

  EXPECT_EQ(Json::parse(done.out),
            Json::parse(
                R"({"events":6,"actors":3,"position":6,"copied":2,"newChains":0,"shortened":0})"));
  EXPECT_EQ(everything_there(), everything());
}

TEST_F(CopyTest, AnEmptyStoreIsCopied) {
  append_orders();
  const auto done = run({"copy", "memory:", target()});
  EXPECT_THAT(done.out, StartsWith("0 events of 0 actors, up to position 0: "));
}

TEST_F(CopyTest, AnotherHistoryIsAConflictThatNamesTheActorAndTheVersion) {
  append_orders();
  append_at_target("order-2", "SomethingElse");

  const auto done = copy({"--json"});

  EXPECT_EQ(done.exit_code, 4);
  const auto error = Json::parse(done.err)["error"];
  EXPECT_EQ(error["code"], "version_conflict");
  EXPECT_EQ(error["actorId"], "order-2");
  EXPECT_EQ(error["actorVersion"], 1);
  EXPECT_THAT(at_target({"read", "order-2"}).out, HasSubstr("SomethingElse"));
}

TEST_F(CopyTest, AStoreIsNotCopiedOntoItself) {
  append_orders();
  std::filesystem::create_symlink(database(), path("link.db"));
  std::filesystem::create_directory(path("folder"));

  for (const std::string& same :
       {store(), "sqlite:" + path("folder/../events.db"), "sqlite:" + path("link.db")}) {
    const auto done = run({"copy", store(), same});
    EXPECT_EQ(done.exit_code, 2) << same;
    EXPECT_THAT(done.err, HasSubstr("the same store")) << same;
  }
}

TEST_F(CopyTest, WithoutAStoreToReadNoneIsMade) {
  const auto done = copy();

  EXPECT_EQ(done.exit_code, 3);
  EXPECT_THAT(done.err, StartsWith("aether: FROM: "));
  EXPECT_FALSE(std::filesystem::exists(path("copy.db")));
}

TEST_F(CopyTest, AChangedEventStopsItAndIsNamed) {
  append_orders();
  tamper(database(), "UPDATE events SET data = '{\"total\":0}' WHERE position = 2");

  const auto done = copy();

  EXPECT_EQ(done.exit_code, 7);
  EXPECT_THAT(done.err, HasSubstr("version 1 of \"order-2\" in FROM does not match its hash"));
}

TEST_F(CopyTest, AnEventThatNoStoreOfTheProgramTakesIsNamed) {
  append_orders();
  {
    const auto deep = sqlite::open(database(), {.limits = {.max_json_depth = 200}});
    const std::string data = std::string(100, '[') + std::string(100, ']');
    ASSERT_TRUE(
        (*deep)
            ->append({.event_type = "Deep", .actor_id = "order-2", .data = Data::json(data)})
            .has_value());
  }

  const auto done = copy();

  EXPECT_EQ(done.exit_code, 2);
  EXPECT_THAT(done.err,
              AllOf(HasSubstr("version 2 of \"order-2\" cannot be copied"), HasSubstr("64")));
}

TEST_F(CopyTest, WhoWritesToTheTargetIsWaitedFor) {
  append_orders();
  append_at_target("other-1", "T");
  const auto writer = sqlite::open(path("copy.db"));
  ASSERT_TRUE(writer.has_value());

  const auto done = copy({"--timeout", "50ms"});

  EXPECT_EQ(done.exit_code, 5);
  EXPECT_THAT(done.err, StartsWith("aether: TO: "));
}

TEST_F(CopyTest, ManyEventsOfFewActorsKeepTheirOrder) {
  std::string input;
  for (int version = 1; version <= 1'500; ++version) {
    for (const std::string actor_id : {"a", "b", "c"}) {
      input += R"({"id":")" + actor_id + std::to_string(version) +
               R"(","eventType":"T","actorId":")" + actor_id + R"(","version":)" +
               std::to_string(version) + R"(,"timestamp":"2026-01-01T00:00:00Z","data":1})" + "\n";
    }
  }
  ASSERT_EQ(aether({"append", "--lines"}, {.input = input}).exit_code, 0);

  ASSERT_EQ(copy().exit_code, 0);

  EXPECT_EQ(everything_there(), everything());
}

TEST_F(CopyTest, BothStoresMustBeNamed) {
  EXPECT_EQ(run({"copy"}).exit_code, 2);
  EXPECT_EQ(run({"copy", store()}).exit_code, 2);
  EXPECT_EQ(run({"copy", store(), "postgres:x"}).exit_code, 2);
}

}  // namespace
}  // namespace aether::cli::testing
