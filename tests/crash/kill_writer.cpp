// SPDX-License-Identifier: Apache-2.0
//
// kill_writer DATABASE REPORT SEED MODE: appends from several threads until it is killed. With MODE
// "honest" it reports a commit as acknowledged when its append has returned; with "early", before
// the append is made: which the test must find out. With MODE "visit" it only opens the database
// with plain SQLite, as any program may, looks into it, and closes it.

#include "kill_protocol.hpp"
#include "open_store.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <span>
#include <string_view>
#include <thread>
#include <vector>

namespace aether::crash {
namespace {

KillReport* map_report(const char* path) {
  const int file = open(path, O_RDWR | O_CLOEXEC);
  if (file < 0) return nullptr;
  void* memory = mmap(nullptr, sizeof(KillReport), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  return memory == MAP_FAILED ? nullptr : static_cast<KillReport*>(memory);
}

void append_until_killed(EventStore& store, KillReport::Writer& report, History history,
                         bool early) {
  for (std::uint64_t i = 0; i < report.first; ++i) history.next();
  while (true) {
    const Commit& commit = history.next();
    report.begun = history.commits().size();
    if (early) report.acked = history.commits().size();
    const auto appended = store.append(std::span(commit));
    if (!appended) {
      std::cerr << "append: " << appended.error().message << "\n";
      std::_Exit(EXIT_FAILURE);
    }
    report.acked = history.commits().size();
  }
}

int visit(const char* path) {
  sqlite3* database = nullptr;
  int code = sqlite3_open_v2(path, &database, SQLITE_OPEN_READWRITE, nullptr);
  if (code == SQLITE_OK) {
    code = sqlite3_exec(database, "SELECT count(*) FROM events", nullptr, nullptr, nullptr);
  }
  sqlite3_close(database);
  return code == SQLITE_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

int run(std::span<char*> arguments) {
  if (arguments.size() != 5) return EXIT_FAILURE;
  if (std::string_view(arguments[4]) == "visit") return visit(arguments[1]);
  KillReport* report = map_report(arguments[2]);
  const std::uint64_t seed = std::strtoull(arguments[3], nullptr, 10);
  const bool early = std::string_view(arguments[4]) == "early";
  const auto store = open_store(arguments[1]);
  if (report == nullptr || !store) {
    std::cerr << "open: " << (store ? "the report" : store.error().message) << "\n";
    return EXIT_FAILURE;
  }
  report->opened = 1;
  std::vector<std::jthread> threads;
  threads.reserve(kKillWriters);
  for (std::size_t i = 0; i < kKillWriters; ++i) {
    threads.emplace_back([&, i] {
      append_until_killed(**store, report->writers[i], History(kill_history(seed, i)), early);
    });
  }
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace aether::crash

int main(int count, char** arguments) {
  return aether::crash::run({arguments, static_cast<std::size_t>(count)});
}
