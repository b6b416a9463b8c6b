// SPDX-License-Identifier: Apache-2.0
#include "cli_fixture.hpp"

#include <string_view>

namespace aether::cli::testing {
namespace {

/// A command of a ```console block, and what it prints.
struct Example {
  std::string command;
  std::vector<std::string> output;
};

std::vector<Example> examples_of(const std::string& path) {
  std::ifstream file(path);
  std::vector<Example> examples;
  bool inside = false;
  std::string before;
  for (std::string line; std::getline(file, line); before = line) {
    if (line.starts_with("```")) {
      inside = line == "```console" && !before.starts_with("<!-- not checked: ");
    } else if (inside && line.starts_with("$ ")) {
      examples.push_back({.command = line.substr(2), .output = {}});
    } else if (inside) {
      examples.back().output.push_back(line);
    }
  }
  return examples;
}

constexpr std::string_view kAnything = "…";

/// Line by line; a line that is only "…" stands for any number of lines.
std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line == kAnything ? line : line + "\n";
  return text;
}

/// Whether `text` is `pattern`, where "…" stands for anything.
bool fits(std::string_view pattern, std::string_view text) {
  auto part = pattern.substr(0, pattern.find(kAnything));
  if (part.size() == pattern.size()) return pattern == text;
  if (!text.starts_with(part)) return false;
  text.remove_prefix(part.size());
  while (part.size() < pattern.size()) {
    pattern.remove_prefix(part.size() + kAnything.size());
    part = pattern.substr(0, pattern.find(kAnything));
    if (part.size() == pattern.size()) return text.ends_with(part);
    const auto found = text.find(part);
    if (found == std::string_view::npos) return false;
    text.remove_prefix(found + part.size());
  }
  return true;
}

TEST(DocsFits, SeesWhatDiffers) {
  EXPECT_TRUE(fits("a\n", "a\n"));
  EXPECT_FALSE(fits("a\n", "b\n"));
  EXPECT_TRUE(fits("a …, c …\n", "a b, c d\n"));
  EXPECT_FALSE(fits("a …, c …\n", "a b, d\n"));
  EXPECT_FALSE(fits("a …\n", "b c\n"));
  EXPECT_FALSE(fits("a …c\n", "a b\n"));
  EXPECT_TRUE(fits(joined({"a", "…", "b"}), "a\nx\ny\nb\n"));
  EXPECT_TRUE(fits(joined({"a", "…", "b"}), "a\nb\n"));
}

class DocsTest : public CliTest {
 protected:
  /// Runs all commands in one shell, with a mark behind each.
  [[nodiscard]] std::vector<std::vector<std::string>> run_all(
      const std::vector<Example>& examples) const {
    const std::string mark = "-- end of a command --";
    std::string script = "cd '" + path("") + "' && exec 2>&1\nexport PATH=\"" +
                         std::filesystem::path(AETHER_PROGRAM).parent_path().string() +
                         ":$PATH\"\nunset AETHER_STORE\n";
    for (const Example& example : examples) {
      script += example.command + "\nstatus=$?\necho '" + mark + "'\n(exit $status)\n";
    }
    write("examples.sh", script);
    std::vector<std::vector<std::string>> outputs(1);
    const std::string text = run({path("examples.sh")}, {.program = "/bin/sh"}).out;
    for (const std::string& line : lines(text)) {
      if (line == mark) {
        outputs.emplace_back();
      } else {
        outputs.back().push_back(line);
      }
    }
    outputs.pop_back();
    return outputs;
  }
};

TEST_F(DocsTest, EveryConsoleBlockOfTheManualIsTrue) {
  const auto examples = examples_of(AETHER_CLI_MANUAL);
  ASSERT_GT(examples.size(), 10U);

  const auto outputs = run_all(examples);

  ASSERT_EQ(outputs.size(), examples.size());
  for (std::size_t i = 0; i < examples.size(); ++i) {
    EXPECT_TRUE(fits(joined(examples[i].output), joined(outputs[i])))
        << "$ " << examples[i].command << "\nprints\n"
        << ::testing::PrintToString(outputs[i]) << "\nand not\n"
        << ::testing::PrintToString(examples[i].output);
  }
}

}  // namespace
}  // namespace aether::cli::testing
