// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

/// What the test and its peers say to each other, by files in a folder: a file is there, or is not
/// yet, and holds numbers.
namespace aether::tests {

using Numbers = std::vector<std::uint64_t>;

/// Seen whole or not at all.
inline void say(const std::string& path, const Numbers& numbers = {}) {
  {
    std::ofstream file(path + ".part");
    for (const std::uint64_t number : numbers) file << number << ' ';
  }
  std::filesystem::rename(path + ".part", path);
}

[[nodiscard]] inline bool is_said(const std::string& path) {
  std::error_code none;
  return std::filesystem::exists(path, none);
}

[[nodiscard]] inline Numbers read_numbers(const std::string& path) {
  Numbers numbers;
  std::ifstream file(path);
  for (std::uint64_t number = 0; file >> number;) numbers.push_back(number);
  return numbers;
}

/// Behind five counters of the first subscription and four of the second, for each publisher.
struct PeerSeen {
  std::uint64_t received = 0;
  std::uint64_t missed = 0;  ///< as gaps told
  std::uint64_t wrong = 0;   ///< times that what came is not what the gaps before it told
};

}  // namespace aether::tests
