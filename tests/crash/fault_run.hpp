// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "check.hpp"
#include "history.hpp"
#include "open_store.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace aether::crash {

/// The life of a store while something fails, and what must be true of it afterwards.
///
/// An application that goes on as well as it can: it opens the store (twice if need be), appends
/// commit after commit, leaves an actor alone once a commit of it failed, saves snapshots, reads
/// now and then, and opens the store anew half-way. Then all is well again, and the store must hold
/// exactly what it said. So must the files as they stood right after the first failed append: the
/// process might have died there.
class FaultRun {
 public:
  struct Options {
    std::uint64_t seed = 1;
    std::size_t commits = 50;
    std::string path;
    std::string vfs{};
    std::function<void()> heal;  ///< ends the fault
    /// How many commits could not be synced so far; each must have been seen by somebody.
    std::function<std::uint64_t()> failed_commit_syncs = [] { return std::uint64_t{0}; };
  };

  explicit FaultRun(Options options);

  /// Everything, from the creation to the last check. Returns what was wrong.
  [[nodiscard]] Complaints run();

  /// How many appends failed, or were not known to succeed.
  [[nodiscard]] std::size_t failed_appends() const { return failed_appends_; }

 private:
  void live();
  bool open();
  void append();
  void note(const Result<Appended>& outcome);
  void leave_alone(const Commit& commit);
  void keep_copy();
  void save_snapshot();
  void read();
  void check_copy();
  void check_afterwards();
  [[nodiscard]] Expectation expectation() const;
  void expect_error(const std::string& doing, const Error& error);

  Options options_;
  History history_;
  std::unique_ptr<sqlite::Store> store_;
  std::vector<Presence> presence_;
  std::vector<Position> positions_;
  std::vector<Snapshot> snapshots_;
  std::vector<Presence> snapshot_presence_;
  std::set<std::string> left_alone_;  // actors of commits that are not there
  bool distrusted_ = false;           // an outcome was unknown since the store was opened
  std::size_t failed_appends_ = 0;
  std::optional<Expectation> of_copy_;  // what must be in the copy of the files
  Complaints complaints_;
};

}  // namespace aether::crash
