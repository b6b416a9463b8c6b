// SPDX-License-Identifier: Apache-2.0
#include "cluster/shard_holder.hpp"

#include "core/text.hpp"

#include <algorithm>
#include <exception>
#include <mutex>
#include <utility>

namespace aether::cluster {

ShardHolder::ShardHolder(Setup setup)
    : setup_(std::move(setup)), epochs_(setup_.shards), draining_(setup_.shards) {}

void ShardHolder::begin(std::shared_ptr<Tenure> tenure) {
  end();  // before the new tenure holds: what the old one owned must not seem to be owned by it
  const std::scoped_lock lock(lock_);
  tenure_ = std::move(tenure);
}

void ShardHolder::end() {
  for (ShardId shard = 0; shard < epochs_.size(); ++shard) {
    if (epochs_[shard] != 0) lose(shard);
  }
  released_.clear();
  const std::scoped_lock lock(lock_);
  tenure_.reset();
}

void ShardHolder::see(const ShardTable& table) {
  if (!tenure_ || table.shards.size() != epochs_.size()) return;
  const NodeIndex self = table.find({.id = setup_.node, .tenure = tenure_->name()});
  const std::size_t released_before = released_.size();
  for (ShardId shard = 0; shard < epochs_.size(); ++shard) {
    const ShardTable::Slot& slot = table.shards[shard];
    const bool is_mine = self != kNobody && slot.owner == self;
    const auto released = released_.find(shard);
    if (released != released_.end()) {
      if (is_mine && slot.epoch == released->second) continue;
      released_.erase(released);
    }
    const std::uint64_t had = epochs_[shard];
    const std::uint64_t has = is_mine ? slot.epoch : 0;
    if (had != has && had != 0) lose(shard);
    if (had != has && has != 0) gain(shard, has);
    if (has != 0 && slot.next != kNobody && draining_[shard] != has) drain(shard);
  }
  if (released_.size() != released_before) setup_.released();
}

std::vector<ReleasedShard> ShardHolder::released() const {
  std::vector<ReleasedShard> released;
  for (const auto& [shard, epoch] : released_) released.push_back({.shard = shard, .epoch = epoch});
  return released;
}

std::size_t ShardHolder::count() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(epochs_, [](const auto& epoch) { return epoch.load() != 0; }));
}

std::optional<std::uint64_t> ShardHolder::owns(ShardId shard) const {
  if (shard >= epochs_.size()) return std::nullopt;
  std::shared_ptr<Tenure> tenure;
  {
    const std::scoped_lock lock(lock_);
    tenure = tenure_;
  }
  const std::uint64_t epoch = epochs_[shard];
  if (!tenure || epoch == 0 || !tenure->is_held()) return std::nullopt;
  return epoch;
}

void ShardHolder::gain(ShardId shard, std::uint64_t epoch) {
  epochs_[shard] = epoch;
  if (!setup_.handlers.gained) return;
  call("gained", [shard, epoch](ShardHolder& self) { self.setup_.handlers.gained(shard, epoch); });
}

void ShardHolder::drain(ShardId shard) {
  const std::uint64_t epoch = epochs_[shard];
  draining_[shard] = epoch;
  const auto done = [weak = weak_from_this(), scheduler = setup_.scheduler, shard, epoch] {
    scheduler->post([weak, shard, epoch] {
      if (const auto self = weak.lock()) self->drained(shard, epoch);
    });
  };
  if (!setup_.handlers.draining) return done();
  call("draining", [shard, epoch, done](ShardHolder& self) {
    try {
      self.setup_.handlers.draining(shard, epoch, done);
    } catch (...) {
      done();
      throw;
    }
  });
}

/// May be called late and more than once: then the shard is not owned at that epoch any more.
void ShardHolder::drained(ShardId shard, std::uint64_t epoch) {
  if (epochs_[shard] != epoch) return;
  epochs_[shard] = 0;
  released_.emplace(shard, epoch);
  setup_.released();
}

void ShardHolder::lose(ShardId shard) {
  const std::uint64_t epoch = epochs_[shard].exchange(0);
  if (!setup_.handlers.lost) return;
  call("lost", [shard, epoch](ShardHolder& self) { self.setup_.handlers.lost(shard, epoch); });
}

template <class Handler>
void ShardHolder::call(std::string_view name, Handler handler) {
  setup_.handlers_scheduler->post([weak = weak_from_this(), name, handler = std::move(handler)] {
    const auto self = weak.lock();
    if (!self || self->is_muted_) return;
    std::string fault = "something that is no std::exception";
    try {
      return handler(*self);
    } catch (const std::exception& exception) {
      fault = exception.what();
    } catch (...) {  // said below
    }
    if (self->setup_.log) {
      self->setup_.log(LogLevel::error,
                       concat("the handler '", name, "' of shards threw: ", fault));
    }
  });
}

}  // namespace aether::cluster
