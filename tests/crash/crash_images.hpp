// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "check.hpp"
#include "workload.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace aether::crash {

struct ImageTotals {
  std::size_t crash_points = 0;
  std::size_t images = 0;   ///< opened and checked, no two the same
  std::size_t repeats = 0;  ///< not opened: the same disk and the same promises as before
  std::uint64_t torn_writes = 0;
  std::size_t with_loss = 0;        ///< images in which something acknowledged was missing
  std::size_t with_corruption = 0;  ///< images with any other complaint
  std::string first;                ///< what was wrong with the first bad image

  ImageTotals& operator+=(const ImageTotals& other);
  [[nodiscard]] std::string text() const;
};

struct ImageOptions {
  std::uint64_t seed = 1;
  std::size_t max_images = 1'000'000;  ///< crash points are left out, evenly, to stay near it
  unsigned random_images = 1;          ///< at each crash point, beside the one where all unsynced
                                       ///< writes are lost and the one where none are
};

/// Cuts the power after each operation of a recording, opens the store over what the disk may then
/// hold, and checks that every acknowledged commit is there, no other in part, and that the store
/// goes on.
[[nodiscard]] ImageTotals try_images(const Recording& recording, const ImageOptions& options);

}  // namespace aether::crash
