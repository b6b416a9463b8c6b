// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

/// A look into a database, and a hand in it, past the store: with the plain SQLite library.
namespace aether::cli::testing {

/// The first column of what `sql` gives.
[[nodiscard]] std::vector<std::string> query(const std::string& path, const std::string& sql);

/// Runs `sql` as someone who can write the file: without the triggers, which are put back after it
/// as they were.
void tamper(const std::string& path, const std::string& sql);

}  // namespace aether::cli::testing
