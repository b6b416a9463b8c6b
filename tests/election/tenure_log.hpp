// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace aether::tests {

/// One time of leading, as the leader itself knew it. Times are CLOCK_BOOTTIME in nanoseconds,
/// which all processes of a machine share.
struct TenureRecord {
  std::uint64_t epoch = 0;
  std::int64_t from = 0;   ///< when it knew
  std::int64_t until = 0;  ///< when it last asked, and was told that it leads

  friend bool operator==(const TenureRecord&, const TenureRecord&) = default;
};

/// What one process writes: its tenures, the last of which is being written. Each write is whole
/// for the kernel, and so survives that the process is killed.
class TenureLog {
 public:
  explicit TenureLog(const std::string& path);
  ~TenureLog();
  TenureLog(const TenureLog&) = delete;
  TenureLog& operator=(const TenureLog&) = delete;

  void begin(std::uint64_t epoch, std::int64_t now);
  /// The last one lasts until now.
  void extend(std::int64_t now);

 private:
  void write() const;

  const int file_;
  std::uint64_t count_ = 0;
  TenureRecord last_{};
};

/// What was written so far; nothing where there is no file.
[[nodiscard]] std::vector<TenureRecord> read_tenures(const std::string& path);

struct Tenure {
  std::size_t holder = 0;
  TenureRecord record{};
};

/// What is wrong with `tenures`, those of all processes: an epoch that two had, or two that led at
/// once, or an earlier one that began after a later one. "" for nothing.
[[nodiscard]] std::string fault_of(std::vector<Tenure> tenures);

[[nodiscard]] std::int64_t boot_time();

}  // namespace aether::tests
