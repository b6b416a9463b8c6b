// SPDX-License-Identifier: Apache-2.0
//
// Is the conformance suite any good? `planted_store_test --bug NAME` runs it on a store with that
// bug. Without `--bug` each bug becomes a test, which runs this program again as a child and
// expects the suite to fail there.
#include "aether/testing/event_store_suite.hpp"
#include "planted/store.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aether::planted {
namespace {

class Harness final : public testing::EventStoreHarness {
 public:
  Harness(Bug bug, const Clock& clock)
      : bug_(bug), clock_(clock), store_(make_store(bug_, disk_, clock_)) {}

  EventStore& store() override { return *store_; }

  bool reopen() override {
    store_.reset();
    store_ = make_store(bug_, disk_, clock_);
    return true;
  }

 private:
  const Bug bug_;
  const Clock& clock_;
  const std::shared_ptr<Disk> disk_ = std::make_shared<Disk>();
  std::unique_ptr<EventStore> store_;
};

struct Outcome {
  int status = 0;  // as waitpid gives it
  std::string output;
};

/// Runs this program with `--bug`, up to the first failure.
Outcome run_suite(Bug bug) {
  std::array<int, 2> pipe_ends{};
  if (pipe2(pipe_ends.data(), O_CLOEXEC) != 0) return {.status = -1, .output = "no pipe"};
  const auto [read_end, write_end] = pipe_ends;
  std::vector<std::string> arguments{"planted_store_test", "--bug", std::string(bug.name()),
                                     "--gtest_fail_fast", "--gtest_brief=1"};
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
  explicit PlantedBug(Bug bug) : bug_(bug) {}

  void TestBody() override {
    const Outcome outcome = run_suite(bug_);

    ASSERT_TRUE(WIFEXITED(outcome.status)) << outcome.output;
    EXPECT_EQ(WEXITSTATUS(outcome.status), bug_ == "none" ? 0 : 1) << outcome.output;
    EXPECT_EQ(outcome.output.contains("[  FAILED  ]"), bug_ != "none") << outcome.output;
  }

 private:
  const Bug bug_;
};

void register_each_bug() {
  for (const std::string_view name : kBugs) {
    const Bug bug = Bug::of(name);
    const std::string test = std::string(name) + (bug == "none" ? "Passes" : "IsCaught");
    ::testing::RegisterTest("PlantedBug", test.c_str(), nullptr, nullptr, __FILE__, __LINE__,
                            [bug]() -> PlantedBug* { return new PlantedBug(bug); });
  }
}

void register_suite_with(Bug bug) {
  testing::register_event_store_suite(
      "Planted",
      [bug](const Clock& clock) -> std::unique_ptr<testing::EventStoreHarness> {
        return std::make_unique<Harness>(bug, clock);
      },
      {.chained = true});
}

}  // namespace
}  // namespace aether::planted

int main(int argc, char** argv) try {
  using aether::planted::Bug;
  ::testing::InitGoogleTest(&argc, argv);
  const std::span arguments(argv, static_cast<std::size_t>(argc));
  if (arguments.size() == 3 && std::string_view(arguments[1]) == "--bug") {
    const Bug bug = Bug::of(arguments[2]);
    // A wake-up that never comes need not be waited for as long as a late one.
    // There are no threads yet
    if (bug != "none") setenv("AETHER_TESTING_PATIENCE_MS", "3000", 0);
    aether::planted::register_suite_with(bug);
  } else if (arguments.size() == 1) {
    aether::planted::register_each_bug();
  } else {
    std::cerr << "usage: planted_store_test [--bug NAME]\n";
    return 2;
  }
  return RUN_ALL_TESTS();
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 2;
}
