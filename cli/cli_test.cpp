// SPDX-License-Identifier: Apache-2.0
#include "aether/sqlite/store.hpp"
#include "cli_fixture.hpp"
#include "database.hpp"

namespace aether::cli::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

TEST_F(CliTest, AppendPrintsTheVersionThePositionAndTheDurability) {
  EXPECT_EQ(aether({"append", "order-1", "OrderPlaced"}).out,
            "order-1: version 1, position 1, fsynced\n");
  EXPECT_EQ(aether({"append", "order-1", "OrderPaid"}).out,
            "order-1: version 2, position 2, fsynced\n");
}

TEST_F(CliTest, ReadPrintsATableOfTheActorsHistory) {
  append_orders();

  const auto read = aether({"read", "order-1"});

  EXPECT_EQ(read.exit_code, 0);
  const auto rows = lines(read.out);
  ASSERT_EQ(rows.size(), 4U);
  EXPECT_THAT(rows[0], StartsWith("POSITION  VERSION  TIME "));
  EXPECT_THAT(rows[1], StartsWith("       1        1  2"));
  EXPECT_THAT(rows[1], EndsWith(R"(OrderPlaced   {"total":10})"));
  EXPECT_THAT(rows[3], EndsWith(R"(OrderShipped  {"by":"ship"})"));
}

TEST_F(CliTest, ReadKeepsToItsBounds) {
  append_orders();
  const auto versions = [&](const std::vector<std::string>& bounds) {
    std::vector<std::string> args{"--json", "read", "order-1"};
    args.insert(args.end(), bounds.begin(), bounds.end());
    std::vector<int> result;
    for (const auto& event : objects(aether(args).out)) result.push_back(event["version"]);
    return result;
  };

  EXPECT_THAT(versions({"--from", "2"}), ElementsAre(2, 3));
  EXPECT_THAT(versions({"--to", "2"}), ElementsAre(1, 2));
  EXPECT_THAT(versions({"--limit", "1"}), ElementsAre(1));
  EXPECT_THAT(versions({"--from=9"}), IsEmpty());
}

TEST_F(CliTest, JsonDataComeBackByteForByte) {
  const std::string data = R"({"b":0.10,"a":123456789012345678901234567890 , "e":"\u00e9"})";
  append("order-1", "OrderPlaced", data);

  const std::string line = aether({"read", "order-1", "--json"}).out;

  EXPECT_THAT(line, HasSubstr(R"("data":)" + data + ","));
  EXPECT_EQ(Json::parse(line)["position"], 1);
  EXPECT_EQ(Json::parse(line)["hash"].get<std::string>().size(), 64U);
}

TEST_F(CliTest, DataWithLineBreaksAreOneLineOfJson) {
  append("order-1", "OrderPlaced", "{\n  \"total\": 10\r\n}");

  EXPECT_THAT(lines(aether({"read", "order-1", "--json"}).out),
              ElementsAre(HasSubstr(R"("data":{   "total": 10  },)")));
}

TEST_F(CliTest, DataMayComeFromAFileOrStandardInput) {
  write("data.json", "\n{\"from\":\"file\"}\n");

  ASSERT_EQ(aether({"append", "a", "T", "@" + path("data.json")}).exit_code, 0);
  ASSERT_EQ(aether({"append", "a", "T", "-"}, {.input = " [1,2]\n"}).exit_code, 0);
  ASSERT_EQ(aether({"append", "a", "T", "[1,2]"}).exit_code, 0);
  ASSERT_EQ(aether({"append", "a", "T", "-5"}).exit_code, 0);

  EXPECT_THAT(query(database(), "SELECT data FROM event_log"),
              ElementsAre(R"({"from":"file"})", "[1,2]", "[1,2]", "-5"));
}

TEST_F(CliTest, AMissingInputFileIsNotFound) {
  const auto done = aether({"append", "a", "T", "@" + path("nothing")});

  EXPECT_EQ(done.exit_code, 3);
  EXPECT_THAT(done.err, HasSubstr("cannot read"));
}

TEST_F(CliTest, BytesKeepTheirContentType) {
  ASSERT_EQ(aether({"append", "scan-1", "Page", "-", "--content-type", "image/png"},
                   {.input = "\x89PNG\n"})
                .exit_code,
            0);

  EXPECT_THAT(aether({"read", "scan-1"}).out, HasSubstr("(5 bytes of image/png)"));
  const auto event = Json::parse(aether({"read", "scan-1", "--json"}).out);
  EXPECT_EQ(event["dataContentType"], "image/png");
  EXPECT_EQ(event["dataBase64"], "iVBORwo=");
}

TEST_F(CliTest, AppendTakesAllFieldsOfAnEvent) {
  const auto done = aether({"append", "order-1", "OrderPlaced", "{}", "--version", "7", "--id",
                            "mine", "--meta", "user=eva", "--meta", "note=a=[b,c]", "--timestamp",
                            "2026-08-20T12:11:12.5+02:00", "--timeout", "5s", "--json"});

  EXPECT_EQ(Json::parse(done.out), Json::parse(R"({"actorId":"order-1","id":"mine","version":7,
      "position":1,"durability":"fsynced"})"));
  auto event = Json::parse(aether({"read", "order-1", "--json"}).out);
  event.erase("hash");
  EXPECT_EQ(event, Json::parse(R"({"id":"mine","eventType":"OrderPlaced","actorId":"order-1",
      "version":7,"timestamp":"2026-08-20T10:11:12.500000000Z",
      "metadata":{"note":"a=[b,c]","user":"eva"},"data":{},"position":1})"));
}

TEST_F(CliTest, TheSameEventAgainChangesNothingAndSaysSo) {
  std::vector<std::string> again{"append", "a", "T", "{}", "--version", "1", "--id", "x"};
  EXPECT_EQ(aether(again).out, "a: version 1, position 1, fsynced\n");

  EXPECT_EQ(aether(again).out, "a: version 1, position 1, fsynced (stored already)\n");
  again.emplace_back("--json");
  EXPECT_EQ(Json::parse(aether(again).out)["storedAlready"], true);
  EXPECT_THAT(query(database(), "SELECT count(*) FROM events"), ElementsAre("1"));
}

TEST_F(CliTest, AVersionConflictEndsWith4AndSaysWhereTheActorIs) {
  append_orders();

  const auto people = aether({"append", "order-1", "OrderPlaced", "--expect", "1"});
  EXPECT_EQ(people.exit_code, 4);
  EXPECT_THAT(people.err, StartsWith("aether: "));
  EXPECT_THAT(people.err, HasSubstr("\nNothing was stored. "));
  EXPECT_THAT(people.err, EndsWith(" --expect 3.\n"));
  const auto once = people.err.find("decide again");
  EXPECT_EQ(people.err.find("decide again", once + 1), std::string::npos) << people.err;
  EXPECT_THAT(aether({"append", "order-1", "T", "--version", "1"}).err,
              EndsWith(" a --version above 3.\n"));
  EXPECT_THAT(people.out, IsEmpty());

  const auto program = aether({"append", "order-1", "OrderPlaced", "--expect=0", "--json"});
  EXPECT_EQ(program.exit_code, 4);
  const auto error = Json::parse(program.err)["error"];
  EXPECT_EQ(error["code"], "version_conflict");
  EXPECT_EQ(error["actorVersion"], 3);
}

TEST_F(CliTest, BadEventsAreRefusedAndStoreNothing) {
  const auto refused = [&](std::vector<std::string> args, const std::string& input = "") {
    args.insert(args.begin(), "append");
    const auto done = aether(args, {.input = input});
    EXPECT_THAT(done.err, StartsWith("aether: ")) << args[1];
    return done.exit_code == 2;
  };

  EXPECT_TRUE(refused({"order-1", "T", "{"}));
  EXPECT_TRUE(refused({"", "T"}));
  EXPECT_TRUE(refused({"order-1", ""}));
  EXPECT_TRUE(refused({"order\n1", "T"}));
  EXPECT_TRUE(refused({std::string(256, 'a'), "T"}));
  EXPECT_TRUE(refused({"\xff", "T"}));
  EXPECT_TRUE(refused({"order-1", "T", "-"}, std::string(200, '[') + std::string(200, ']')));
  EXPECT_TRUE(refused({"order-1", "T", "-"}, '"' + std::string(2 << 20, 'x') + '"'));
  EXPECT_TRUE(refused({"order-1", "T", "--meta", "user"}));
  EXPECT_TRUE(refused({"order-1", "T", "--meta", "a=1", "--meta", "a=2"}));
  EXPECT_TRUE(refused({"order-1", "T", "--timestamp", "yesterday"}));
  EXPECT_TRUE(refused({"order-1", "T", "--timestamp", "1677-09-21T00:12:43.145224192Z"}));
  EXPECT_EQ(aether({"tail"}).out, "No events.\n");
}

TEST_F(CliTest, AnUnknownActorIsNotFound) {
  append_orders();

  const auto read = aether({"read", "order-9"});

  EXPECT_EQ(read.exit_code, 3);
  EXPECT_THAT(read.out, IsEmpty());
  EXPECT_THAT(read.err, StartsWith("aether: the actor \"order-9\" has no events\n"));
}

TEST_F(CliTest, ReadingADatabaseThatIsNotThereIsNotFoundAndMakesNone) {
  for (const std::string verb : {"tail", "actors", "verify", "digest"}) {
    EXPECT_EQ(aether({verb}).exit_code, 3) << verb;
  }
  EXPECT_THAT(aether({"read", "a"}).err, HasSubstr("append"));
  EXPECT_FALSE(std::filesystem::exists(database()));
}

TEST_F(CliTest, TheStoreComesFromTheEnvironmentUnlessTheFlagSaysOtherwise) {
  append_orders();
  const RunOptions options{.environment = {{"AETHER_STORE", store()}}};

  EXPECT_EQ(run({"read", "order-1"}, options).exit_code, 0);
  EXPECT_EQ(run({"--store", "memory:", "read", "order-1"}, options).exit_code, 3);
  const auto none = run({"read", "order-1"});
  EXPECT_EQ(none.exit_code, 2);
  EXPECT_THAT(none.err, HasSubstr("AETHER_STORE"));
}

TEST_F(CliTest, WrongUsageEndsWith2AndSaysWhereToLook) {
  const auto wrong = [&](const std::vector<std::string>& args) {
    const auto done = aether(args);
    EXPECT_EQ(done.exit_code, 2) << done.out;
    return done.err;
  };

  EXPECT_THAT(wrong({}), HasSubstr("a verb is required"));
  EXPECT_THAT(wrong({"frob"}), HasSubstr("there is no verb \"frob\""));
  EXPECT_THAT(wrong({"read"}), HasSubstr("See aether read --help."));
  EXPECT_THAT(wrong({"append", "a"}), HasSubstr("ACTOR and TYPE are required"));
  EXPECT_THAT(wrong({"append", "--lines", "a"}), HasSubstr("--lines excludes ACTOR"));
  EXPECT_THAT(wrong({"append", "--lines", "--expect", "1"}), HasSubstr("excludes"));
  EXPECT_THAT(wrong({"read", "a", "b"}), HasSubstr("unexpected argument \"b\""));
  EXPECT_THAT(wrong({"read", "a", "--wrong"}), HasSubstr("unexpected argument \"--wrong\""));
  EXPECT_THAT(wrong({"read", "a", "--from", "x"}), HasSubstr("not a whole number"));
  EXPECT_THAT(wrong({"read", "a", "--limit", "0"}), HasSubstr("at least 1"));
  EXPECT_THAT(wrong({"append", "a", "T", "--timeout", "5"}), HasSubstr("500ms"));
  EXPECT_EQ(wrong({"help", "frob"}), "aether: there is no verb \"frob\"\nSee aether --help.\n");
  EXPECT_THAT(wrong({"read", "a", "--limit"}), HasSubstr("--limit needs exactly one value"));
  EXPECT_THAT(wrong({"read", "a", "--limit", "1", "--limit", "2"}),
              HasSubstr("--limit needs exactly one value"));
  EXPECT_EQ(Json::parse(wrong({"frob", "--json"}))["error"]["code"], "invalid_argument");
}

TEST_F(CliTest, AnEmptyValueIsNotTakenForNoOption) {
  append_orders();
  const auto refused = [&](std::vector<std::string> args) {
    args.emplace_back("");
    const auto done = aether(args);
    return done.exit_code == 2 && done.err.contains("the value is empty");
  };

  for (const std::string option : {"--content-type", "--id", "--timestamp", "--meta"}) {
    EXPECT_TRUE(refused({"append", "order-1", "T", "null", option})) << option;
  }
  for (const std::string option : {"--actor", "--category", "--type"}) {
    EXPECT_TRUE(refused({"tail", option})) << option;
  }
  EXPECT_TRUE(refused({"verify", "--against"}));
}

TEST_F(CliTest, AByteOrderMarkIsNamed) {
  const std::string mark = "\xef\xbb\xbf";

  EXPECT_THAT(aether({"append", "a", "T", mark + "{}"}).err, HasSubstr("(BOM)"));
  EXPECT_THAT(aether({"append", "--lines"}, {.input = mark + "{}"}).err, HasSubstr("(BOM)"));
}

TEST_F(CliTest, OptionsAreNotAbbreviated) {
  append_orders();

  EXPECT_EQ(aether({"read", "order-1", "--js"}).exit_code, 2);
  EXPECT_EQ(aether({"read", "order-1", "--lim", "1"}).exit_code, 2);
}

TEST_F(CliTest, AnActorMayHaveTheNameOfAVerb) {
  append("tail", "read", R"("help")");

  EXPECT_THAT(aether({"read", "tail"}).out, HasSubstr(R"("help")"));
}

TEST_F(CliTest, OnlyADatabaseCanBeBackedUp) {
  EXPECT_EQ(run({"--store", "memory:", "backup", path("b.db")}).exit_code, 8);
}

TEST_F(CliTest, ADatabaseWithoutTheRightToReadItIsPermissionDenied) {
  append_orders();
  std::filesystem::permissions(database(), std::filesystem::perms::none);

  if (run({"version"}, {.as_nobody = true}).exit_code != 0) {
    GTEST_SKIP() << "nobody may not run the program from its folder";
  }
  EXPECT_EQ(aether({"tail"}, {.as_nobody = true}).exit_code, 6);
  EXPECT_EQ(aether({"append", "a", "T"}, {.as_nobody = true}).exit_code, 6);
}

TEST_F(CliTest, ASecondWriterIsUnavailableAndReadersAreNot) {
  append_orders();
  const auto writer = sqlite::open(database());
  ASSERT_TRUE(writer.has_value());

  for (const std::vector<std::string>& args :
       {std::vector<std::string>{"append", "order-1", "OrderPlaced", "--timeout", "0s"},
        std::vector<std::string>{"append", "--lines", "--timeout", "20ms"}}) {
    const auto second = aether(args);
    EXPECT_EQ(second.exit_code, 5);
    EXPECT_THAT(second.err, HasSubstr("one process writes at a time"));
    EXPECT_THAT(second.err, HasSubstr("\nNothing was stored. "));
  }
  EXPECT_EQ(aether({"read", "order-1"}).exit_code, 0);
  EXPECT_EQ(aether({"verify"}).exit_code, 0);
}

TEST_F(CliTest, ActorsListsEachWithItsEvents) {
  append_orders();
  append("invoice-1", "InvoiceSent");

  const auto rows = lines(aether({"actors"}).out);
  ASSERT_EQ(rows.size(), 4U);
  EXPECT_EQ(rows[0], "ACTOR      CATEGORY  EVENTS  VERSION  LAST EVENT");
  EXPECT_THAT(rows[2], StartsWith("order-1    order          3        3  2"));
  const auto orders = objects(aether({"actors", "order", "--json"}).out);
  ASSERT_EQ(orders.size(), 2U);
  EXPECT_EQ(orders[0]["actorId"], "order-1");
  EXPECT_EQ(orders[0]["category"], "order");
  EXPECT_EQ(orders[0]["events"], 3);
  EXPECT_EQ(orders[0]["version"], 3);
  EXPECT_THAT(orders[0]["lastTimestamp"].get<std::string>(), EndsWith("Z"));
  EXPECT_EQ(aether({"actors", "nothing"}).out, "No actors.\n");
}

TEST_F(CliTest, ThePlainSqliteLibraryReadsTheDatabase) {
  append_orders();

  EXPECT_THAT(query(database(), "SELECT event_type FROM event_log WHERE actor_id = 'order-1'"),
              ElementsAre("OrderPlaced", "OrderPaid", "OrderShipped"));
  EXPECT_THAT(query(database(), "PRAGMA integrity_check"), ElementsAre("ok"));
}

TEST_F(CliTest, VersionIsSaidInBothForms) {
  const std::string version = AETHER_VERSION;

  EXPECT_EQ(run({"version"}).out, "aether " + version + "\n");
  EXPECT_EQ(run({"--version"}).out, "aether " + version + "\n");
  EXPECT_EQ(Json::parse(run({"version", "--json"}).out)["version"], version);
}

TEST_F(CliTest, HelpBeginsWithExamplesForEachVerb) {
  const auto shows_examples_first = [](const std::string& help) {
    const auto examples = help.find("\nExamples:\n  ");
    return examples != std::string::npos && examples < help.find("\nUsage: aether ");
  };
  EXPECT_TRUE(shows_examples_first(run({"--help"}).out));
  EXPECT_THAT(run({"--help"}).out, HasSubstr("Exit codes:"));
  EXPECT_THAT(run({"append", "--help"}).out,
              HasSubstr("Usage: aether append [OPTIONS] ACTOR TYPE [DATA]\n"));
  for (const std::string verb :
       {"append", "read", "tail", "actors", "verify", "digest", "backup", "version", "help"}) {
    const auto help = run({verb, "--help"});
    EXPECT_EQ(help.exit_code, 0);
    EXPECT_TRUE(shows_examples_first(help.out)) << verb;
    EXPECT_THAT(help.out, HasSubstr("--store URL")) << verb;
    EXPECT_EQ(run({"help", verb}).out, help.out) << verb;
  }
}

}  // namespace
}  // namespace aether::cli::testing
