// SPDX-License-Identifier: Apache-2.0
#include "cli_fixture.hpp"
#include "database.hpp"

namespace aether::cli::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

/// Four events: order-1 at versions 1, 2, 3 (positions 1, 3, 4), order-2 at 1 (position 2).
class AuditTest : public CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    append_orders();
    before_ = digest();
  }

  /// What `verify` finds, and that it says the same in both forms.
  [[nodiscard]] std::vector<std::string> findings(std::vector<std::string> args = {}) const {
    args.insert(args.begin(), "verify");
    const auto table = aether(args);
    args.emplace_back("--json");
    const auto done = aether(args);
    const auto report = Json::parse(done.out);
    const bool intact = report["findings"].empty();
    EXPECT_EQ(report["intact"].get<bool>(), intact);
    EXPECT_EQ(done.exit_code, intact ? 0 : 7);
    EXPECT_EQ(table.exit_code, done.exit_code);
    EXPECT_THAT(done.err + table.err, IsEmpty());
    std::vector<std::string> result;
    for (const auto& finding : report["findings"]) {
      EXPECT_THAT(table.out, HasSubstr(finding["what"].get<std::string>()));
      result.push_back(finding["actorId"].get<std::string>() + " " +
                       std::to_string(finding["version"].get<int>()));
    }
    return result;
  }

  [[nodiscard]] std::vector<std::string> findings_against_before() const {
    return findings({"--against", before_});
  }

  std::string before_;
};

TEST_F(AuditTest, AnIntactStoreHasNoFindings) {
  EXPECT_THAT(findings(), IsEmpty());
  EXPECT_EQ(aether({"verify"}).out, "4 events of 2 actors: every chain is intact.\n");
  EXPECT_EQ(aether({"verify", "--against", before_}).out,
            "4 events of 2 actors: every chain is intact, and all is as the digest says.\n");
}

TEST_F(AuditTest, NewEventsAreNoFindingAgainstAnEarlierDigest) {
  append("order-1", "OrderReturned");
  append("order-3", "OrderPlaced");

  EXPECT_THAT(findings_against_before(), IsEmpty());
}

TEST_F(AuditTest, AChangedByteIsFoundAndNamed) {
  tamper(database(), "UPDATE events SET data = replace(data, '10', '11') WHERE position = 3");

  EXPECT_THAT(findings(), ElementsAre("order-1 2"));
  const auto rows = lines(aether({"verify"}).out);
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_THAT(rows[0], StartsWith("ACTOR    VERSION  POSITION  FINDING"));
  EXPECT_THAT(rows[1], AllOf(StartsWith("order-1        2         3  "), HasSubstr("changed")));
  EXPECT_EQ(rows[2], "1 finding in 4 events of 2 actors.");
}

TEST_F(AuditTest, ARemovedRowIsFoundAndNamed) {
  tamper(database(), "DELETE FROM events WHERE position = 3");

  EXPECT_THAT(findings(), ::testing::Contains("order-1 2"));
}

TEST_F(AuditTest, ASwappedPairIsFoundAndNamed) {
  tamper(database(),
         "UPDATE events SET version = version + 100 WHERE position IN (3, 4);"
         "UPDATE events SET version = 3 WHERE position = 3;"
         "UPDATE events SET version = 2 WHERE position = 4;");

  EXPECT_THAT(findings(), ::testing::Contains(StartsWith("order-1 ")));
}

TEST_F(AuditTest, AnEndThatWasCutOffIsFoundAgainstAnEarlierDigest) {
  tamper(database(), "DELETE FROM events WHERE position = 4");

  EXPECT_THAT(findings(), IsEmpty());  // a chain cannot show that
  EXPECT_THAT(findings_against_before(), ElementsAre("order-1 3"));
  write("before.digest", before_ + "\n");
  EXPECT_EQ(aether({"verify", "--against", "@" + path("before.digest")}).exit_code, 7);
}

TEST_F(AuditTest, AnActorThatWasRemovedIsFound) {
  tamper(database(), "DELETE FROM events WHERE position = 2; DELETE FROM actors WHERE id = 2");

  EXPECT_THAT(findings_against_before(), ::testing::Not(IsEmpty()));
}

TEST_F(AuditTest, FindingsAreCountedBeyondTheLimit) {
  tamper(database(), "UPDATE events SET data = '{}' WHERE position IN (1, 2)");

  const auto limited = aether({"verify", "--limit", "1"});

  EXPECT_THAT(limited.out, HasSubstr("2 findings in 4 events of 2 actors; 1 more finding not "
                                     "shown (--limit).\n"));
  EXPECT_EQ(limited.exit_code, 7);
}

TEST_F(AuditTest, AFileThatIsNoDatabaseAnyMoreIsCorrupt) {
  std::filesystem::resize_file(database(), 1000);

  const auto done = aether({"read", "order-1"});

  EXPECT_EQ(done.exit_code, 7);
  EXPECT_THAT(done.err, StartsWith("aether: "));
}

TEST_F(AuditTest, SomethingThatIsNoDigestIsAnInvalidArgument) {
  EXPECT_EQ(aether({"verify", "--against", "nonsense"}).exit_code, 2);
  EXPECT_EQ(aether({"verify", "--against", "@" + path("nothing")}).exit_code, 3);
  EXPECT_EQ(aether({"verify", "--against", "@" + path("")}).exit_code, 2);  // a folder
}

TEST_F(AuditTest, ADigestAtAPositionIsWhatItWasThere) {
  append("order-1", "OrderReturned");

  EXPECT_EQ(aether({"digest", "--at", "4"}).out, before_ + "\n");
  EXPECT_NE(digest(), before_);
  const auto object = Json::parse(aether({"digest", "--at", "4", "--json"}).out);
  EXPECT_EQ(object["digest"], before_);
  EXPECT_EQ(object["position"], 4);
  EXPECT_EQ(object["actorId"], "order-1");
  EXPECT_EQ(object["version"], 3);
  EXPECT_THAT(before_, HasSubstr(object["root"].get<std::string>()));
}

TEST_F(AuditTest, ThereIsNoDigestAtAPositionBeyondTheEnd) {
  const auto done = aether({"digest", "--at", "5"});

  EXPECT_EQ(done.exit_code, 3);
  EXPECT_THAT(done.out, IsEmpty());
  EXPECT_THAT(done.err, HasSubstr("the store ends at position 4"));
}

TEST_F(AuditTest, APositionBelowZeroIsShownAsWhatItIs) {
  tamper(database(), "UPDATE events SET position = -5 WHERE position = 3");

  EXPECT_THAT(aether({"verify"}).out, HasSubstr("is at position -5"));
  for (const auto& finding : Json::parse(aether({"verify", "--json"}).out)["findings"]) {
    EXPECT_LE(finding["position"].get<double>(), 4);
  }
  EXPECT_THAT(aether({"read", "order-1"}).out, HasSubstr("\n      -5 "));
}

TEST_F(AuditTest, ABackupIsTheSameStore) {
  const auto done = aether({"backup", path("copy.db")});
  ASSERT_EQ(done.exit_code, 0) << done.err;
  EXPECT_THAT(done.out, StartsWith("Wrote " + path("copy.db") + " ("));

  const auto copy = run({"--store", "sqlite:" + path("copy.db"), "digest"});

  EXPECT_EQ(copy.out, before_ + "\n");
}

TEST_F(AuditTest, ABackupNeverOverwritesAFile) {
  write("copy.db", "precious");

  EXPECT_EQ(aether({"backup", path("copy.db")}).exit_code, 2);

  EXPECT_EQ(std::filesystem::file_size(path("copy.db")), 8U);
  EXPECT_EQ(Json::parse(aether({"backup", path("other.db"), "--json"}).out)["file"],
            path("other.db"));
}

}  // namespace
}  // namespace aether::cli::testing
