// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "go_peer.hpp"
#include "row.hpp"

#include <string>
#include <vector>

namespace aether::bench {

struct Setting {
  GoPeer go;
  GoPeer go_nats;
  std::string folder;  ///< on the disk that the durable rows measure
  bool quick = false;  ///< small data sets
};

[[nodiscard]] std::vector<Row> memory_rows(const Setting& setting);
[[nodiscard]] std::vector<Row> bus_rows(const Setting& setting);
[[nodiscard]] std::vector<Row> cluster_rows();
[[nodiscard]] std::vector<Row> envelope_rows(const Setting& setting);
[[nodiscard]] std::vector<Row> sqlite_rows(const Setting& setting);
[[nodiscard]] std::vector<Row> projection_rows(const Setting& setting);
/// They come last: a process that has started a server has a second thread, and the C++ library
/// counts references with atomic operations from then on.
[[nodiscard]] std::vector<Row> jetstream_rows(const Setting& setting);
[[nodiscard]] std::vector<Row> nats_bus_rows(const Setting& setting);

}  // namespace aether::bench
