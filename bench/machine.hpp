// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace aether::bench {

/// What the numbers depend on, as pairs of a name and a value. `data_folder`: where the durable
/// rows write.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> describe_machine(
    const std::string& data_folder, const std::string& go_version);

/// Whether the folder is in memory: then "durable" means nothing there.
[[nodiscard]] bool is_in_memory(const std::string& folder);

/// How many tasks other than this one want a processor right now, on average over 40 ms.
[[nodiscard]] double other_runnable_tasks();

/// Waits until (nearly) nobody else wants a processor, at most so long. Gives what was seen last.
double wait_until_quiet(std::chrono::milliseconds at_most);

}  // namespace aether::bench
