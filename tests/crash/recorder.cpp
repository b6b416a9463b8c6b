// SPDX-License-Identifier: Apache-2.0
#include "recorder.hpp"

#include <utility>

namespace aether::crash {

void Recorder::commit_begun() {
  const std::scoped_lock lock(mutex_);
  ++progress_.commits_begun;
}

void Recorder::commit_acked() {
  const std::scoped_lock lock(mutex_);
  ++progress_.commits_acked;
}

void Recorder::snapshot_begun() {
  const std::scoped_lock lock(mutex_);
  ++progress_.snapshots_begun;
}

void Recorder::snapshot_acked() {
  const std::scoped_lock lock(mutex_);
  ++progress_.snapshots_acked;
}

void Recorder::pause(bool paused) {
  const std::scoped_lock lock(mutex_);
  paused_ = paused;
}

void Recorder::sync_failed(const Call& call) {
  const std::scoped_lock lock(mutex_);
  add({.kind = Record::Kind::failed_sync, .file = call.file});
}

std::vector<Record> Recorder::take() {
  const std::scoped_lock lock(mutex_);
  return std::exchange(records_, {});
}

Progress Recorder::progress() const {
  const std::scoped_lock lock(mutex_);
  return progress_;
}

int Recorder::opened(std::string_view name, bool created) {
  const std::scoped_lock lock(mutex_);
  const auto known = files_.find(name);
  if (known != files_.end() && !created) return known->second;
  // A file that we did not see come, an empty one that the store made by itself, counts as created
  // now.
  files_[std::string(name)] = ++last_file_;
  add({.kind = Record::Kind::create, .file = last_file_, .name = std::string(name)});
  return last_file_;
}

void Recorder::after(const Call& call) {
  const std::scoped_lock lock(mutex_);
  if (paused_) return;
  switch (call.op) {
    case Op::write:
      add({.kind = Record::Kind::write,
           .file = call.file,
           .offset = call.offset,
           .data = {call.data.begin(), call.data.end()}});
      break;
    case Op::truncate:
      add({.kind = Record::Kind::truncate, .file = call.file, .size = call.size});
      break;
    case Op::sync:
      add({.kind = Record::Kind::sync, .file = call.file});
      break;
    case Op::remove:
      files_.erase(std::string(call.name));
      add({.kind = Record::Kind::remove, .name = std::string(call.name)});
      break;
    case Op::open:
    case Op::read:
    case Op::size:
    case Op::map_shared:
      break;
  }
}

void Recorder::folder_synced() {
  const std::scoped_lock lock(mutex_);
  add({.kind = Record::Kind::sync_folder});
}

void Recorder::add(Record record) {
  if (paused_) return;
  record.progress = progress_;
  records_.push_back(std::move(record));
}

}  // namespace aether::crash
