// SPDX-License-Identifier: Apache-2.0
//
// projection_victim STORE MODEL MODE: feeds the read model from the store until it is killed.
// With MODE "exactly" as sqlite::ReadModel does it; with "rebuild" it also rebuilds the model
// without end. With "at-least" the checkpoints are files, and
// with "too-early" the checkpoint is kept before the effect: which the test must find out.

#include "aether/projection/checkpoints.hpp"
#include "aether/stores/stores.hpp"
#include "projection/log_model.hpp"

#include <sqlite3.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace aether::tests {
namespace {

[[noreturn]] void give_up(const Error& error) {
  std::cerr << "projection_victim: " << error.message << "\n";
  std::_Exit(EXIT_FAILURE);
}

template <class T>
T or_give_up(Result<T> result) {
  if (!result) give_up(result.error());
  return std::move(*result);
}

/// Effects in one place, checkpoints in another: what cannot be one step. The tables are those of
/// the real model, so that the same code reads them.
class TornModel final : public ReadModel {
 public:
  TornModel(std::unique_ptr<sqlite::ReadModel> effects, const std::string& folder, bool too_early)
      : effects_(std::move(effects)),
        checkpoints_(or_give_up(open_file_checkpoints(folder))),
        too_early_(too_early) {}

  [[nodiscard]] Result<ProjectionState> load(const Projection& projection) override {
    auto state = effects_->load(projection);
    auto record = checkpoints_->load(projection_key(projection));
    if (!state || !record) give_up(state ? record.error() : state.error());
    state->checkpoint = *record ? (*record)->checkpoint : Checkpoint{};
    return state;
  }

  [[nodiscard]] Result<std::uint64_t> apply(const Projection& projection,
                                            const Batch& batch) override {
    if (too_early_) save(projection, batch);
    auto applied = effects_->apply(projection, batch);
    if (!too_early_) save(projection, batch);
    return applied;
  }

 private:
  void save(const Projection& projection, const Batch& batch) {
    const CheckpointRecord record{.filter = "all", .checkpoint = batch.reached};
    auto saved = checkpoints_->save(projection_key(projection), record);
    if (!saved) give_up(saved.error());
  }

  std::unique_ptr<sqlite::ReadModel> effects_;
  std::unique_ptr<CheckpointStore> checkpoints_;
  bool too_early_;
};

std::unique_ptr<ReadModel> open_model(const std::string& path, std::string_view mode) {
  auto model = or_give_up(sqlite::open_read_model(path, log_model_options()));
  if (mode == "exactly" || mode == "rebuild") return model;
  const std::string folder = path + ".checkpoints";
  std::filesystem::create_directories(folder);
  return std::make_unique<TornModel>(std::move(model), folder, mode == "too-early");
}

/// Half of them go on with what a process left that was killed, if it left anything.
void rebuild_once(EventStore& store, ReadModel& model) {
  static std::mt19937 random{std::random_device{}()};
  const RebuildOptions options{.anew = random() % 2 == 0,
                               .projector = {.batch = 100},
                               .progress_interval = std::chrono::milliseconds(1)};
  const auto done = rebuild(store, dynamic_cast<Rebuildable&>(model), options);
  if (!done) give_up(done.error());
}

int run(std::span<char*> arguments) {
  if (arguments.size() != 4) return EXIT_FAILURE;
  const auto stores = or_give_up(open_stores(arguments[1], {.read_only = true}));
  const auto model = open_model(arguments[2], arguments[3]);
  std::vector<std::unique_ptr<Projector>> projectors;
  for (std::uint32_t i = 0; i < kPartitions; ++i) {
    projectors.push_back(
        or_give_up(start_projector(stores->events(), *model, log_projection(i),
                                   {.batch = 50, .look_interval = std::chrono::milliseconds(10)})));
  }
  while (true) {
    if (std::string_view(arguments[3]) == "rebuild") rebuild_once(stores->events(), *model);
    for (const auto& projector : projectors) {
      // Not a wait for anything: it lives until it is killed.
      const auto waited = projector->wait_until(~Position{0}, std::chrono::milliseconds(1));
      if (!waited && waited.error().code != Errc::unavailable) give_up(waited.error());
    }
  }
}

}  // namespace
}  // namespace aether::tests

int main(int count, char** arguments) {
  return aether::tests::run({arguments, static_cast<std::size_t>(count)});
}
