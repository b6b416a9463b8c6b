// SPDX-License-Identifier: Apache-2.0
#include "nats/lanes.hpp"

#include <algorithm>

namespace aether::nats {

Result<bool> Lanes::enter(const CommitPtr& commit, std::optional<Deadline> wait_for_room,
                          bool is_urgent) {
  Lock lock(mutex_);
  const auto has_room = [&] {
    return is_closing_ || accepted_ == 0 || is_urgent ||
           queued_bytes_ + commit->bytes <= options_.max_queued_bytes;
  };
  if (!wait_for_room) {
    changed_.wait(lock, has_room);
  } else if (!changed_.wait_until(lock, *wait_for_room, has_room)) {
    return fail(Errc::unavailable,
                "the append waited too long for room in the store's queue, and was not begun: try "
                "again later");
  }
  if (is_closing_) return fail(Errc::closed, "the store is being closed");
  ++accepted_;
  queued_bytes_ += commit->bytes;
  for (const std::string& actor : commit->actors) {
    auto& lane = lanes_[actor];
    if (!lane.empty()) ++commit->blocked;
    lane.push_back(commit);
  }
  if (commit->blocked > 0) return false;
  if (in_flight_ >= options_.max_in_flight) {
    ready_.push_back(commit);
    return false;
  }
  ++in_flight_;
  commit->has_begun = true;
  return true;
}

std::vector<CommitPtr> Lanes::leave(const CommitPtr& commit) {
  std::vector<CommitPtr> startable;
  const std::scoped_lock lock(mutex_);
  --in_flight_;
  leave_all(commit);
  fill(startable);
  changed_.notify_all();  // with the last one the owner may go
  return startable;
}

std::optional<std::vector<CommitPtr>> Lanes::withdraw(const CommitPtr& commit) {
  std::vector<CommitPtr> startable;
  const std::scoped_lock lock(mutex_);
  if (commit->has_begun) return std::nullopt;
  std::erase(ready_, commit);
  leave_all(commit);
  fill(startable);
  changed_.notify_all();
  return startable;
}

void Lanes::leave_all(const CommitPtr& commit) {
  --accepted_;
  queued_bytes_ -= commit->bytes;
  for (const std::string& actor : commit->actors) {
    const auto lane = lanes_.find(actor);
    auto& commits = lane->second;
    if (commits.front() != commit) {
      std::erase(commits, commit);
      continue;
    }
    commits.pop_front();
    if (commits.empty()) {
      lanes_.erase(lane);
    } else if (--commits.front()->blocked == 0) {
      ready_.push_back(commits.front());
    }
  }
}

void Lanes::fill(std::vector<CommitPtr>& startable) {
  while (!ready_.empty() && in_flight_ < options_.max_in_flight) {
    ready_.front()->has_begun = true;
    startable.push_back(std::move(ready_.front()));
    ready_.pop_front();
    ++in_flight_;
  }
}

void Lanes::close() {
  Lock lock(mutex_);
  is_closing_ = true;
  changed_.notify_all();
  changed_.wait(lock, [this] { return accepted_ == 0; });
}

}  // namespace aether::nats
