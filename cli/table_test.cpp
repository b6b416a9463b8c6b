// SPDX-License-Identifier: Apache-2.0
#include "table.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

#include <array>
#include <functional>

namespace aether::cli {
namespace {

/// What `fill` makes of a table with a number, a name and a text.
std::string shown(const Style& style, const std::function<void(Table&)>& fill) {
  std::array<int, 2> ends{};
  EXPECT_EQ(::pipe(ends.data()), 0);
  Output out(ends[1]);
  Table table(
      out, style,
      {{.title = "N", .align = Column::Align::right}, {.title = "NAME"}, {.title = "TEXT"}});
  fill(table);
  out.flush();
  ::close(ends[1]);
  std::string text(60'000, '\0');  // less than a pipe holds
  text.resize(static_cast<std::size_t>(::read(ends[0], text.data(), text.size())));
  ::close(ends[0]);
  return text;
}

TEST(Table, AlignsItsColumnsUnderAHeader) {
  const auto text = shown({}, [](Table& table) {
    table.add({"1", "a", "first"});
    table.add({"100", "long", "second"});
    table.settle();
  });

  EXPECT_EQ(text,
            "  N  NAME  TEXT\n"
            "  1  a     first\n"
            "100  long  second\n");
}

TEST(Table, CountsTheCellsOfWideCharacters) {
  const auto text = shown({}, [](Table& table) {
    table.add({"1", "注文注文", "x"});
    table.add({"2", "abc", "y"});
    table.settle();
  });

  EXPECT_EQ(text, "N  NAME      TEXT\n1  注文注文  x\n2  abc       y\n");
}

TEST(Table, WithoutRowsIsNothing) {
  EXPECT_EQ(shown({}, [](Table& table) { table.settle(); }), "");
}

TEST(Table, CutsTheLastColumnAtTheEdgeOfATerminal) {
  const auto text = shown({.colour = false, .width = 14}, [](Table& table) {
    table.add({"1", "a", "0123456789"});
    table.settle();
  });

  EXPECT_EQ(text, "N  NAME  TEXT\n1  a     0123…\n");
}

TEST(Table, AfterItIsSettledRowsAreWrittenAtOnceAndWidenItsColumns) {
  const auto text = shown({}, [](Table& table) {
    table.add({"1", "a", "x"});
    table.settle();
    table.add({"2", "longer", "y"});
    table.add({"3", "b", "z"});
  });

  EXPECT_EQ(text, "N  NAME  TEXT\n1  a     x\n2  longer  y\n3  b       z\n");
}

TEST(Table, KeepsOnlyTheFirstRows) {
  const auto text = shown({}, [](Table& table) {
    for (int i = 0; i < 1000; ++i) table.add({"1", "a", "x"});
    EXPECT_EQ(table.rows(), 1000U);
  });

  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1001);  // without `settle`
}

TEST(Table, PaintsAWholeRow) {
  const auto text = shown({.colour = true, .width = 80}, [](Table& table) {
    table.add({"1", "a", "x"}, Ink::red);
    table.settle();
  });

  EXPECT_EQ(text, "\x1b[2mN  NAME  TEXT\x1b[0m\n\x1b[31m1  a     x\x1b[0m\n");
}

}  // namespace
}  // namespace aether::cli
