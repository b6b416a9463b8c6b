// SPDX-License-Identifier: Apache-2.0
#include "raw_disk.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace aether::bench {
namespace {

constexpr std::size_t kEventBytes = 200;
constexpr int kAtOnce = 20;

}  // namespace

Probe raw_appends(const std::string& path, std::size_t events) {
  return [=](const Budget& budget) -> Result<Sample> {
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file < 0) return fail(Errc::unavailable, path + " cannot be opened");
    const std::string text(events * kEventBytes, 'x');
    bool good = true;
    Meter meter(budget);
    while (good && meter.wants_more()) {
      meter.time(kAtOnce * events, [&] {
        for (int i = 0; i < kAtOnce; ++i) {
          const auto written = ::write(file, text.data(), text.size());
          good &= written == static_cast<ssize_t>(text.size()) && ::fdatasync(file) == 0;
        }
      });
    }
    ::close(file);
    if (!good) return fail(Errc::unavailable, "writing to " + path + " failed");
    return meter.sample();
  };
}

}  // namespace aether::bench
