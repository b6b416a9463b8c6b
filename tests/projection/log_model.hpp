// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/projection/projector.hpp"
#include "aether/sqlite/read_model.hpp"

#include <array>
#include <string>
#include <vector>

namespace aether::tests {

// A read model that can be compared with the history, event for event: a log of all that was
// handled, and a fold of each actor's positions that shows their order and number.

inline constexpr std::uint32_t kPartitions = 2;
inline constexpr std::int64_t kFoldModulus = 1'000'000'007;

inline Projection log_projection(std::uint32_t partition) {
  return {.name = "log", .partition = {partition, kPartitions}};
}

inline std::int64_t fold(std::int64_t state, Position position) {
  return (state * 31 + static_cast<std::int64_t>(position)) % kFoldModulus;
}

[[nodiscard]] sqlite::ReadModelOptions log_model_options();

/// What the handler does.
[[nodiscard]] Result<void> write_down(sqlite::Transaction& transaction, const EventPtr& event);

/// What is in the model, as any program sees it.
struct LogRow {
  Position position = 0;
  std::string actor_id{};
  Version version = 0;
  std::string data{};
  friend bool operator==(const LogRow&, const LogRow&) = default;
};
struct LogContent {
  std::vector<LogRow> rows{};  ///< of one partition, in the order in which they were handled
  Position reached = 0;        ///< the position of the last event, by the checkpoint
};
struct LogModel {
  std::array<LogContent, kPartitions> partitions{};
  std::string origin{};  ///< another one after each rebuild
};
/// In one read transaction.
[[nodiscard]] LogModel read_log(const std::string& path);

/// How `model` differs from the store's history up to each partition's checkpoint, event for event,
/// and the folds of actors from what the log says: "" where they do not.
struct Comparison {
  std::size_t missing = 0;
  std::size_t repeated = 0;
  std::size_t wrong = 0;  ///< out of order, changed, or never appended
  std::string first{};
  [[nodiscard]] bool is_equal() const { return missing + repeated + wrong == 0; }
};
[[nodiscard]] Comparison compare(const std::string& model, EventStore& store, bool complete);

}  // namespace aether::tests
