// SPDX-License-Identifier: Apache-2.0
#include "child.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <exception>
#include <sstream>
#include <string_view>

namespace aether::bench {
namespace {

constexpr int kCannotRun = 127;

void write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(file, text.data(), text.size());
    if (written <= 0) return;  // the parent sees a text that ends too early
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

std::string read_all(int file) {
  std::string text;
  std::array<char, 4096> buffer{};
  for (;;) {
    const auto got = ::read(file, buffer.data(), buffer.size());
    if (got <= 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

/// Runs `work` in a child that ends with its result; gives what it wrote to the file.
Result<std::string> child_output(const std::function<int(int file)>& work) {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) return fail(Errc::unavailable, "no pipe could be made");
  const auto child = ::fork();
  if (child < 0) return fail(Errc::unavailable, "no process could be made");
  if (child == 0) {
    ::close(ends[0]);
    ::_exit(work(ends[1]));
  }
  ::close(ends[1]);
  auto text = read_all(ends[0]);
  ::close(ends[0]);
  int status = 0;
  if (::waitpid(child, &status, 0) != child || status != 0) {
    return fail(Errc::unavailable, text.empty() ? "the process failed" : text);
  }
  return text;
}

/// Full precision, since what is written is read back by the parent.
std::string written(const Sample& sample) {
  std::ostringstream text;
  text.precision(17);
  text << sample.value << ' ' << sample.cpu_ns;
  return text.str();
}

}  // namespace

Result<Sample> run_forked(const Probe& probe, const Budget& budget) {
  auto text = child_output([&](int file) {
    try {
      const auto sample = probe(budget);
      write_all(file, sample ? written(*sample) : sample.error().message);
      return sample ? 0 : 1;
    } catch (const std::exception& error) {
      write_all(file, error.what());
      return 1;
    }
  });
  if (!text) return std::unexpected(std::move(text.error()));
  Sample sample;
  std::istringstream fields(*text);
  if (!(fields >> sample.value >> sample.cpu_ns)) {
    return fail(Errc::unavailable, "the process printed no numbers, but: " + *text);
  }
  return sample;
}

Result<void> run_forked(const std::function<Result<void>()>& work) {
  const auto done = run_forked(
      [&](const Budget& /*budget*/) -> Result<Sample> {
        if (auto ok = work(); !ok) return std::unexpected(std::move(ok.error()));
        return Sample{};
      },
      {});
  if (!done) return std::unexpected(done.error());
  return {};
}

Result<std::string> output_of(std::vector<std::string> command) {
  return child_output([&](int file) {
    ::dup2(file, STDOUT_FILENO);
    std::vector<char*> arguments;
    arguments.reserve(command.size() + 1);
    for (auto& word : command) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    ::execv(arguments.front(), arguments.data());
    return kCannotRun;
  });
}

}  // namespace aether::bench
