// SPDX-License-Identifier: Apache-2.0
#include "workload.hpp"

#include "open_store.hpp"
#include "shim_vfs.hpp"
#include "temporary_folder.hpp"

#include <algorithm>
#include <latch>
#include <memory>
#include <utility>

namespace aether::crash {
namespace {

using tests::TemporaryFolder;

class Workload {
 public:
  explicit Workload(const WorkloadOptions& options)
      : options_(options),
        random_(options.seed ^ 0x5eedU),
        history_({.seed = options.seed}),
        vfs_("crash-recorder", recorder_) {}

  Recording run() {
    recording_.positions.resize(options_.commits);
    open();
    while (recording_.error.empty() && history_.commits().size() < options_.commits) step();
    store_.reset();
    recording_.records = recorder_.take();
    recording_.end = recorder_.progress();
    recording_.commits = history_.commits();
    return std::move(recording_);
  }

 private:
  void open() {
    store_.reset();
    auto opened = open_store(folder_.file("events.db"),
                             {.vfs = vfs_.name(), .synchronous = options_.synchronous});
    if (opened) {
      store_ = std::move(*opened);
    } else {
      recording_.error = "open: " + opened.error().message;
    }
  }

  void step() {
    const std::uint64_t choice = random_.below(20);
    if (choice == 0 && !history_.commits().empty()) {
      open();
    } else if (choice < 4 && !history_.commits().empty()) {
      save_snapshot();
    } else {
      const std::size_t left = options_.commits - history_.commits().size();
      const std::size_t burst = choice < 14 ? 1 : static_cast<std::size_t>(random_.between(2, 6));
      append(std::min(left, burst));
    }
  }

  // An acknowledgement is noted on the thread that gives it, before the store can go on: a later
  // write never counts as an earlier one. All but the first commit are handed in from the first
  // one's completion, while the store is busy: so they always form one group, and the same seed
  // gives the same writes.
  void append(std::size_t count) {
    std::latch done(static_cast<std::ptrdiff_t>(count));
    append_one(done, [&] {
      for (std::size_t i = 1; i < count; ++i) append_one(done, [] {});
    });
    done.wait();
  }

  template <class AndThen>
  void append_one(std::latch& done, AndThen and_then) {
    const std::size_t number = history_.commits().size();
    Commit commit = history_.next();
    recorder_.commit_begun();
    store_->append_async(std::move(commit), {}, [&, number, and_then](Result<Appended> result) {
      if (result) {
        recorder_.commit_acked();
        recording_.positions[number] = result->position;
      } else {
        recording_.error = "append: " + result.error().message;
      }
      and_then();
      done.count_down();
    });
  }

  void save_snapshot() {
    recording_.snapshots.push_back(history_.snapshot());
    recorder_.snapshot_begun();
    const auto saved = store_->snapshots().save(recording_.snapshots.back());
    if (saved) {
      recorder_.snapshot_acked();
    } else {
      recording_.error = "snapshot: " + saved.error().message;
    }
  }

  WorkloadOptions options_;
  Random random_;
  History history_;
  Recording recording_;
  TemporaryFolder folder_;
  Recorder recorder_;
  ShimVfs vfs_;
  std::unique_ptr<sqlite::Store> store_;
};

}  // namespace

Recording record_workload(const WorkloadOptions& options) { return Workload(options).run(); }

}  // namespace aether::crash
