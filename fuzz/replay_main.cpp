// SPDX-License-Identifier: Apache-2.0
// A fuzz target without a fuzzer: runs it over the files, and the files of the folders, that are
// named on the command line. Exits with 1 on a finding, with 2 when there was nothing to run.
#include "fuzz.hpp"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace {

std::vector<std::filesystem::path> files_of(const std::filesystem::path& path) {
  if (!std::filesystem::is_directory(path)) return {path};
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  return files;
}

}  // namespace

int main(int argc, char** argv) {
  (void)std::signal(SIGABRT, [](int) { std::_Exit(1); });
  std::size_t count = 0;
  for (const std::string& argument : std::vector<std::string>(argv + 1, argv + argc)) {
    for (const std::filesystem::path& file : files_of(argument)) {
      std::ifstream in(file, std::ios::binary);
      const std::string bytes(std::istreambuf_iterator<char>(in), {});
      (void)std::fprintf(stderr, "%s\n", file.c_str());
      // A copy without a byte to spare, so that a sanitizer sees a read behind the end.
      const std::vector<std::uint8_t> exact(bytes.begin(), bytes.end());
      (void)LLVMFuzzerTestOneInput(exact.data(), exact.size());
      count += 1;
    }
  }
  (void)std::fprintf(stderr, "%zu inputs, no finding\n", count);
  return count == 0 ? 2 : 0;
}
