// SPDX-License-Identifier: Apache-2.0
#include "output.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

namespace aether::cli {
namespace {

class OutputTest : public ::testing::Test {
 protected:
  void SetUp() override {
    static_cast<void>(std::signal(SIGPIPE, SIG_IGN));
    EXPECT_EQ(::pipe(ends_.data()), 0);
  }
  void TearDown() override {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }
  std::string received() {
    std::array<char, 100> buffer{};
    const auto count = ::read(ends_[0], buffer.data(), buffer.size());
    return {buffer.data(), static_cast<std::size_t>(count)};
  }
  std::array<int, 2> ends_{-1, -1};
};

TEST_F(OutputTest, WritesWhenFlushed) {
  Output out(ends_[1]);
  out.write("one ");
  out.write("two");
  out.flush();

  EXPECT_EQ(received(), "one two");
  EXPECT_TRUE(out.usable());
  EXPECT_EQ(out.error(), 0);
}

TEST_F(OutputTest, AReaderThatWentAwayIsNoError) {
  ::close(ends_[0]);
  Output out(ends_[1]);
  out.write("x");
  out.flush();

  EXPECT_FALSE(out.usable());
  EXPECT_EQ(out.error(), 0);
}

TEST(Output, AFullDiskIsAnError) {
  const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  Output out(full);
  out.write("x");
  out.flush();
  ::close(full);

  EXPECT_FALSE(out.usable());
  EXPECT_EQ(out.error(), ENOSPC);
}

TEST_F(OutputTest, APipeIsNoTerminal) {
  const Style style = style_of(ends_[1], false);

  EXPECT_FALSE(style.colour);
  EXPECT_EQ(style.width, 0U);
  EXPECT_FALSE(can_rewrite_line(ends_[1]));
}

TEST(Paint, ColoursOnlyWhereTheStyleDoes) {
  const Style coloured{.colour = true, .width = 80};

  EXPECT_EQ(paint("x", Ink::red, coloured), "\x1b[31mx\x1b[0m");
  EXPECT_EQ(paint("x", Ink::plain, coloured), "x");
  EXPECT_EQ(paint("x", Ink::red, {}), "x");
}

}  // namespace
}  // namespace aether::cli
