// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <span>
#include <string_view>

namespace aether::planted {

/// What a program does that plants bugs: with `--bug NAME` it runs the suite on what has that bug.
/// Without, each bug becomes a test, which runs this program again as a child and expects the suite
/// to fail there; and to pass with "none".
///
/// `register_suite` registers the suite for the bug of that name. `patience` is for the suite with
/// a bug, in milliseconds: a wake-up that never comes need not be waited for as long as a late one.
/// Returns what `main` is to.
int run_planted(int argc, char** argv, std::span<const std::string_view> bugs, const char* patience,
                const std::function<void(std::string_view bug)>& register_suite);

}  // namespace aether::planted
