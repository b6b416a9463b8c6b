// SPDX-License-Identifier: Apache-2.0
#include "aether/sqlite/store.hpp"
#include "cli_fixture.hpp"
#include "database.hpp"
#include "text.hpp"

#include <csignal>

namespace aether::cli::testing {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class TerminalTest : public CliTest {
 protected:
  [[nodiscard]] std::string on_terminal(const std::vector<std::string>& args,
                                        std::map<std::string, std::string> environment = {}) const {
    return aether(args, {.environment = std::move(environment), .output_to_terminal = true}).out;
  }
};

TEST_F(TerminalTest, TheHeaderIsDimAndAFindingIsRedOnlyOnATerminal) {
  append_orders();
  tamper(database(), "UPDATE events SET data = '{}' WHERE position = 3");

  EXPECT_THAT(on_terminal({"tail"}), HasSubstr("\x1b[2mPOSITION"));
  EXPECT_THAT(on_terminal({"verify"}), HasSubstr("\x1b[31morder-1"));
  EXPECT_THAT(on_terminal({"read", "x"}), HasSubstr("\x1b[31maether:\x1b[0m "));
  EXPECT_THAT(aether({"tail"}).out + aether({"verify"}).out + aether({"read", "x"}).err,
              Not(HasSubstr("\x1b")));
}

TEST_F(TerminalTest, NoColourWhereItIsNotWanted) {
  append_orders();

  EXPECT_THAT(on_terminal({"tail"}, {{"NO_COLOR", "1"}}), Not(HasSubstr("\x1b")));
  EXPECT_THAT(on_terminal({"tail"}, {{"TERM", "dumb"}}), Not(HasSubstr("\x1b")));
  EXPECT_THAT(on_terminal({"tail", "--no-color"}), Not(HasSubstr("\x1b")));
  EXPECT_THAT(on_terminal({"tail", "--json"}), Not(HasSubstr("\x1b")));
  EXPECT_THAT(on_terminal({"tail"}, {{"NO_COLOR", ""}}), HasSubstr("\x1b"));
}

TEST_F(TerminalTest, DataAreCutAtTheEdgeOfATerminalAndNowhereElse) {
  const std::string data = '"' + std::string(300, 'x') + '"';
  append("order-1", "OrderPlaced", data);

  const auto row = lines(on_terminal({"tail", "--no-color"})).at(1);

  EXPECT_THAT(row, EndsWith("x…\r"));
  EXPECT_EQ(display_width(row.substr(0, row.size() - 1)), 100U);
  EXPECT_THAT(lines(aether({"tail"}).out).at(1), EndsWith(data));
}

TEST_F(TerminalTest, WhatATerminalWouldObeyNeverReachesIt) {
  ASSERT_EQ(aether({"append", "a", "N", "-", "--content-type", "text/plain"},
                   {.input = "\x1b]0;t\x07 \xc2\x9b"
                             "31m \xff \xe2\x80\xae\n"})
                .exit_code,
            0);
  append("b", "N",
         "\"\xc2\x9b"
         "31m \x7f\"");

  const auto shown = on_terminal({"tail", "--no-color"});
  EXPECT_THAT(shown, HasSubstr(R"(\u001b]0;t\u0007 \u009b31m \xff \u202e\n)"));
  EXPECT_THAT(shown, HasSubstr(R"("\u009b31m \u007f")"));
  EXPECT_THAT(shown, Not(HasSubstr("\x1b")));
  EXPECT_THAT(shown, Not(HasSubstr("\xc2\x9b")));
  EXPECT_THAT(aether({"tail"}).out, Not(HasSubstr("\x1b")));
  EXPECT_THAT(on_terminal({"tail", "--json"}), HasSubstr(R"("\u009b31m \u007f")"));
  EXPECT_THAT(aether({"tail", "--json"}).out, HasSubstr("\"\xc2\x9b"
                                                        "31m \x7f\""));
  EXPECT_THAT(on_terminal({"read", "\x1b[2J", "--no-color"}), HasSubstr(R"(\u001b[2J)"));
}

TEST_F(TerminalTest, LongWorkShowsItsProgressOnATerminalAndTakesItAway) {
  const std::string line =
      R"({"id":"1","eventType":"T","actorId":"a","version":1,"timestamp":"2026-01-01T00:00:00Z"})"
      "\n";
  Program quiet({"--store", "memory:", "append", "--lines"}, {.keep_input_open = true});
  quiet.send(line);
  Program program({"--store", "memory:", "append", "--lines"},
                  {.keep_input_open = true, .output_to_terminal = true});
  program.send(line);

  ASSERT_TRUE(program.wait_for("append: 1 event, "));
  program.close_input();
  quiet.close_input();

  EXPECT_THAT(program.finish().out, EndsWith("\r\x1b[K1 event in 1 commit, last position 1\r\n"));
  const auto piped = quiet.finish();
  EXPECT_EQ(piped.out, "1 event in 1 commit, last position 1\n");
  EXPECT_THAT(piped.err, IsEmpty());
}

TEST_F(TerminalTest, AnAppendWaitsForAnotherWriterAndSaysSo) {
  auto writer = sqlite::open(database());
  ASSERT_TRUE(writer.has_value());
  Program program(with_store({"append", "order-1", "OrderPlaced", "--timeout", "1m"}),
                  {.output_to_terminal = true});
  Program quiet(with_store({"append", "order-2", "OrderPlaced", "--timeout", "1m"}), {});

  ASSERT_TRUE(program.wait_for("waiting, because"));
  writer->reset();

  const auto done = program.finish();
  EXPECT_EQ(done.exit_code, 0);
  EXPECT_THAT(done.out, HasSubstr("order-1: version 1, position "));
  const auto piped = quiet.finish();
  EXPECT_EQ(piped.exit_code, 0);
  EXPECT_THAT(piped.err, IsEmpty());
}

TEST_F(TerminalTest, SigintEndsTheWaitForAnotherWriter) {
  const auto writer = sqlite::open(database());
  ASSERT_TRUE(writer.has_value());
  Program program(with_store({"append", "order-1", "OrderPlaced", "--timeout", "1m"}),
                  {.output_to_terminal = true});
  ASSERT_TRUE(program.wait_for("waiting, because"));

  program.signal(SIGINT);

  EXPECT_EQ(program.finish().exit_code, 130);
}

TEST_F(TerminalTest, ShortWorkShowsNoProgress) {
  append_orders();

  EXPECT_EQ(on_terminal({"verify"}), "4 events of 2 actors: every chain is intact.\r\n");
}

TEST_F(TerminalTest, ASecondSigintKills) {
  append("a", "T", '"' + std::string(100'000, 'x') + '"');
  append("a", "T", '"' + std::string(100'000, 'x') + '"');
  Program program(with_store({"tail", "--json"}), {});
  ASSERT_TRUE(program.wait_for("x"));  // and then nobody reads, and it waits

  EXPECT_TRUE(program.signal_until_ended(SIGINT));

  EXPECT_EQ(program.finish().signal, SIGINT);
}

}  // namespace
}  // namespace aether::cli::testing
