// SPDX-License-Identifier: Apache-2.0
#include "election/tenure_log.hpp"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace aether::tests {

TenureLog::TenureLog(const std::string& path)
    : file_(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)) {
  if (file_ < 0) throw std::runtime_error("cannot write " + path);
}

TenureLog::~TenureLog() { close(file_); }

void TenureLog::begin(std::uint64_t epoch, std::int64_t now) {
  ++count_;
  last_ = {.epoch = epoch, .from = now, .until = now};
  write();
}

void TenureLog::extend(std::int64_t now) {
  last_.until = std::max(last_.until, now);
  write();
}

void TenureLog::write() const {
  const auto place = static_cast<off_t>((count_ - 1) * sizeof(last_));
  if (pwrite(file_, &last_, sizeof(last_), place) != sizeof(last_)) {
    throw std::runtime_error("cannot write the log of tenures");
  }
}

std::vector<TenureRecord> read_tenures(const std::string& path) {
  std::vector<TenureRecord> records;
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return records;
  TenureRecord record;
  while (read(file, &record, sizeof(record)) == sizeof(record)) records.push_back(record);
  close(file);
  return records;
}

std::string fault_of(std::vector<Tenure> tenures) {
  std::ranges::sort(tenures, {}, [](const Tenure& one) { return one.record.epoch; });
  for (std::size_t i = 1; i < tenures.size(); ++i) {
    const Tenure& before = tenures[i - 1];
    const Tenure& after = tenures[i];
    std::ostringstream fault;
    if (after.record.epoch == before.record.epoch) {
      fault << "both " << before.holder << " and " << after.holder << " had epoch "
            << after.record.epoch;
    } else if (after.record.from <= before.record.until) {
      fault << after.holder << " led in epoch " << after.record.epoch << " from "
            << after.record.from << " on, and " << before.holder << " in epoch "
            << before.record.epoch << " until " << before.record.until << ", "
            << (before.record.until - after.record.from) / 1'000 << " us after that";
    }
    if (!fault.str().empty()) return fault.str();
  }
  return "";
}

std::int64_t boot_time() {
  constexpr std::int64_t kNanoseconds = 1'000'000'000;
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return now.tv_sec * kNanoseconds + now.tv_nsec;
}

}  // namespace aether::tests
