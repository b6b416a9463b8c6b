// SPDX-License-Identifier: Apache-2.0
#include "machine.hpp"

#include <linux/magic.h>
#include <sqlite3.h>
#include <sys/utsname.h>
#include <sys/vfs.h>

#include <fstream>
#include <sstream>
#include <string_view>
#include <thread>

namespace aether::bench {
namespace {

constexpr double kQuiet = 0.6;  // other runnable tasks on average; above it ratios begin to drift

std::string processor() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const auto colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

std::string file_system(const std::string& folder) {
  struct statfs found{};
  if (::statfs(folder.c_str(), &found) != 0) return "unknown";
  switch (found.f_type) {
    case EXT4_SUPER_MAGIC:
      return "ext4";
    case XFS_SUPER_MAGIC:
      return "xfs";
    case BTRFS_SUPER_MAGIC:
      return "btrfs";
    case OVERLAYFS_SUPER_MAGIC:
      return "overlayfs";
    case TMPFS_MAGIC:
      return "tmpfs";
    default:
      break;
  }
  std::ostringstream text;
  text << "type 0x" << std::hex << found.f_type;
  return text.str();
}

std::string load() {
  std::ifstream file("/proc/loadavg");
  std::string one;
  std::string five;
  file >> one >> five;
  return one + " over one minute, " + five + " over five, at the start";
}

std::string compiler() {
#ifdef __clang__
  return "clang " __clang_version__;
#else
  return "g++ " __VERSION__;
#endif
}

}  // namespace

std::vector<std::pair<std::string, std::string>> describe_machine(const std::string& data_folder,
                                                                  const std::string& go_version) {
  utsname system{};
  ::uname(&system);
  return {
      {"processor", std::to_string(std::thread::hardware_concurrency()) + " x " + processor() +
                        " (" + system.machine + ")"},
      {"system", std::string(system.sysname) + " " + system.release},
      {"data folder", "on " + file_system(data_folder)},
      {"load", load()},
      {"build", std::string(AETHER_BENCH_BUILD_TYPE) + ", " + compiler()},
      {"SQLite", sqlite3_libversion()},
      {"Go", go_version},
  };
}

bool is_in_memory(const std::string& folder) {
  struct statfs found{};
  return ::statfs(folder.c_str(), &found) == 0 &&
         (found.f_type == TMPFS_MAGIC || found.f_type == RAMFS_MAGIC);
}

double other_runnable_tasks() {
  constexpr int kSamples = 4;
  constexpr std::chrono::milliseconds kBetween{10};
  double sum = 0;
  for (int i = 0; i < kSamples; ++i) {
    if (i != 0) std::this_thread::sleep_for(kBetween);
    std::ifstream file("/proc/loadavg");
    std::string skipped;
    int running = 1;  // this one
    file >> skipped >> skipped >> skipped >> running;
    sum += running - 1;
  }
  return sum / kSamples;
}

double wait_until_quiet(std::chrono::milliseconds at_most) {
  const auto end = std::chrono::steady_clock::now() + at_most;
  for (;;) {
    const double others = other_runnable_tasks();
    if (others <= kQuiet || std::chrono::steady_clock::now() >= end) return others;
  }
}

}  // namespace aether::bench
