// SPDX-License-Identifier: Apache-2.0
#include "cli_fixture.hpp"
#include "database.hpp"

#include <csignal>

namespace aether::cli::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class ImportTest : public CliTest {
 protected:
  static std::string envelope(const std::string& actor_id, int version,
                              const std::string& id = {}) {
    return R"({"id":")" + (id.empty() ? actor_id + "." + std::to_string(version) : id) +
           R"(","eventType":"T","actorId":")" + actor_id + R"(","version":)" +
           std::to_string(version) + R"(,"timestamp":"2026-01-01T00:00:00.000000001Z","data":{}})";
  }
  [[nodiscard]] Finished import(const std::string& input,
                                const std::vector<std::string>& more = {}) const {
    std::vector<std::string> args{"append", "--lines"};
    args.insert(args.end(), more.begin(), more.end());
    return aether(args, {.input = input});
  }
  [[nodiscard]] std::vector<std::string> stored() const {
    return query(database(), "SELECT id FROM event_log ORDER BY position");
  }
};

TEST_F(ImportTest, WhatTailPrintsBecomesTheSameStore) {
  append_orders();
  const std::string events = aether({"tail", "--json"}).out;
  const std::string copy = "sqlite:" + path("copy.db");

  const auto done = run({"--store", copy, "append", "--lines"}, {.input = events});

  EXPECT_EQ(done.out, "4 events in 4 commits, last position 4\n");
  EXPECT_EQ(run({"--store", copy, "digest"}).out, digest() + "\n");
  EXPECT_EQ(run({"--store", copy, "tail", "--json"}).out, events);
}

TEST_F(ImportTest, ALineIsACommitAndEmptyLinesAreNone) {
  const auto done = import(envelope("a", 1) + "\n\n  \n[" + envelope("a", 2) + "," +
                               envelope("b", 1) + "]\r\n" + envelope("a", 3),
                           {"--json"});

  EXPECT_EQ(Json::parse(done.out), Json::parse(R"({"commits":3,"events":4,"position":4})"));
  EXPECT_THAT(stored(), ElementsAre("a.1", "a.2", "b.1", "a.3"));
}

TEST_F(ImportTest, NothingToImportIsNoError) {
  EXPECT_EQ(import("").out, "0 events in 0 commits, last position 0\n");
}

TEST_F(ImportTest, TheSameLinesAgainChangeNothing) {
  const std::string lines = envelope("a", 1) + "\n" + envelope("b", 4) + "\n" + envelope("a", 2);
  ASSERT_EQ(import(lines).exit_code, 0);

  EXPECT_EQ(import(lines + "\n" + envelope("a", 3)).exit_code, 0);
  EXPECT_THAT(stored(), ElementsAre("a.1", "b.4", "a.2", "a.3"));
}

TEST_F(ImportTest, ALineThatIsNoEnvelopeStopsItAndIsNamed) {
  const auto done = import(envelope("a", 1) + "\n{\"id\":1}\n" + envelope("a", 2));

  EXPECT_EQ(done.exit_code, 2);
  EXPECT_THAT(done.err, StartsWith("aether: line 2: "));
  EXPECT_THAT(done.err, HasSubstr("\n1 line stored. "));
  EXPECT_THAT(stored(), ElementsAre("a.1"));
}

TEST_F(ImportTest, AVersionIsRequired) { EXPECT_EQ(import(envelope("a", 0)).exit_code, 2); }

TEST_F(ImportTest, AnEventThatNoStoreTakesStopsItBeforeAnyLaterLine) {
  const auto done = import(envelope("a", 1) + "\n" + envelope("a", 2, std::string(300, 'x')) +
                           "\n" + envelope("a", 3));

  EXPECT_EQ(done.exit_code, 2);
  EXPECT_THAT(done.err, StartsWith("aether: line 2: "));
  EXPECT_THAT(stored(), ElementsAre("a.1"));
}

TEST_F(ImportTest, AnotherHistoryIsAConflictAndNothingIsPutOnTopOfIt) {
  ASSERT_EQ(import(envelope("a", 1, "mine")).exit_code, 0);

  const auto done = import(envelope("a", 1) + "\n" + envelope("a", 2), {"--json"});

  EXPECT_EQ(done.exit_code, 4);
  const auto error = Json::parse(done.err)["error"];
  EXPECT_EQ(error["code"], "version_conflict");
  EXPECT_EQ(error["line"], 1);
  EXPECT_EQ(error["actorVersion"], 1);
  EXPECT_THAT(stored(), ElementsAre("mine"));
}

TEST_F(ImportTest, AHistoryThatPartsLaterIsAConflictToo) {
  ASSERT_EQ(import(envelope("a", 1) + "\n" + envelope("a", 2, "mine")).exit_code, 0);

  const auto done = import(envelope("a", 1) + "\n" + envelope("a", 2) + "\n" + envelope("a", 3));

  EXPECT_EQ(done.exit_code, 4);
  EXPECT_THAT(done.err, StartsWith("aether: line 2: "));
  EXPECT_THAT(stored(), ElementsAre("a.1", "mine"));
}

TEST_F(ImportTest, ManyLinesKeepTheirOrderAndShareSyncs) {
  std::string input;
  for (int version = 1; version <= 2000; ++version) {
    for (const std::string actor_id : {"a", "b", "c"}) input += envelope(actor_id, version) + "\n";
  }

  EXPECT_EQ(import(input).out, "6,000 events in 6,000 commits, last position 6000\n");

  EXPECT_EQ(aether({"verify"}).out, "6,000 events of 3 actors: every chain is intact.\n");
}

TEST_F(ImportTest, SigintEndsItAndKeepsWhatWasStored) {
  append("b", "T");  // so that there is a database to follow
  Program program(with_store({"append", "--lines"}), {.keep_input_open = true});
  program.send(envelope("a", 1) + "\n" + envelope("a", 2) + "\n" + envelope("a", 3));
  ASSERT_EQ(aether({"tail", "--follow", "--actor", "a", "--limit", "2"}).exit_code, 0);

  program.signal(SIGINT);
  const auto done = program.finish();

  EXPECT_EQ(done.exit_code, 130);
  EXPECT_THAT(done.err, HasSubstr("\n2 lines stored. "));
  EXPECT_THAT(query(database(), "SELECT count(*) FROM events"), ElementsAre("3"));
}

TEST_F(ImportTest, SigintEndsTheWaitForData) {
  Program program(with_store({"append", "a", "T", "-"}), {.keep_input_open = true});
  program.send(std::string(1 << 20, ' '));  // more than a pipe holds: it reads, so it is there

  program.signal(SIGINT);

  EXPECT_EQ(program.finish().exit_code, 130);
  EXPECT_FALSE(std::filesystem::exists(database()));
}

TEST_F(ImportTest, AFileCanBeTheInput) {
  write("events.jsonl", envelope("a", 1) + "\n");

  const auto done = aether({"append", "--lines"}, {.input_file = path("events.jsonl")});

  EXPECT_EQ(done.exit_code, 0) << done.err;
  EXPECT_THAT(stored(), ElementsAre("a.1"));
  EXPECT_THAT(done.err, IsEmpty());
}

}  // namespace
}  // namespace aether::cli::testing
