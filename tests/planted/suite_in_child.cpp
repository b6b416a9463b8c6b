// SPDX-License-Identifier: Apache-2.0
#include "planted/suite_in_child.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

namespace aether::planted {
namespace {

struct Outcome {
  int status = 0;  // as waitpid gives it
  std::string output;
};

/// Runs this program with `--bug`, up to the first failure.
Outcome run_suite(std::string_view bug) {
  std::array<int, 2> pipe_ends{};
  if (pipe2(pipe_ends.data(), O_CLOEXEC) != 0) return {.status = -1, .output = "no pipe"};
  const auto [read_end, write_end] = pipe_ends;
  std::vector<std::string> arguments{"planted", "--bug", std::string(bug), "--gtest_fail_fast",
                                     "--gtest_brief=1"};
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);

  posix_spawn_file_actions_t actions{};
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, write_end, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, write_end, STDERR_FILENO);
  pid_t child = 0;
  Outcome outcome;
  const int failed = posix_spawn(&child, "/proc/self/exe", &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(write_end);
  std::array<char, 4096> buffer{};
  for (ssize_t size = 0; (size = read(read_end, buffer.data(), buffer.size())) > 0;) {
    outcome.output.append(buffer.data(), static_cast<std::size_t>(size));
  }
  close(read_end);
  if (failed != 0 || waitpid(child, &outcome.status, 0) != child) {
    return {.status = -1, .output = "the child could not be run"};
  }
  return outcome;
}

class PlantedBug : public ::testing::Test {
 public:
  explicit PlantedBug(std::string_view bug) : bug_(bug) {}

  void TestBody() override {
    const Outcome outcome = run_suite(bug_);

    ASSERT_TRUE(WIFEXITED(outcome.status)) << outcome.output;
    EXPECT_EQ(WEXITSTATUS(outcome.status), bug_ == "none" ? 0 : 1) << outcome.output;
    EXPECT_EQ(outcome.output.contains("[  FAILED  ]"), bug_ != "none") << outcome.output;
  }

 private:
  const std::string_view bug_;
};

}  // namespace

int run_planted(int argc, char** argv, std::span<const std::string_view> bugs, const char* patience,
                const std::function<void(std::string_view bug)>& register_suite) try {
  ::testing::InitGoogleTest(&argc, argv);
  const std::span arguments(argv, static_cast<std::size_t>(argc));
  if (arguments.size() == 3 && std::string_view(arguments[1]) == "--bug") {
    const std::string_view bug = arguments[2];
    // There are no threads yet
    if (bug != "none") setenv("AETHER_TESTING_PATIENCE_MS", patience, 0);
    register_suite(bug);
  } else if (arguments.size() == 1) {
    for (const std::string_view bug : bugs) {
      const std::string test = std::string(bug) + (bug == "none" ? "Passes" : "IsCaught");
      ::testing::RegisterTest("PlantedBug", test.c_str(), nullptr, nullptr, __FILE__, __LINE__,
                              [bug]() -> PlantedBug* { return new PlantedBug(bug); });
    }
  } else {
    std::cerr << "usage: " << arguments.front() << " [--bug NAME]\n";
    return 2;
  }
  return RUN_ALL_TESTS();
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 2;
}

}  // namespace aether::planted
