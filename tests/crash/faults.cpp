// SPDX-License-Identifier: Apache-2.0
#include "faults.hpp"

namespace aether::crash {

void Faults::arm(const Fault& fault, std::uint64_t first, bool lasting) {
  const std::scoped_lock lock(mutex_);
  fault_ = fault;
  first_ = first;
  lasting_ = lasting;
  counts_ = {};
}

void Faults::heal() {
  const std::scoped_lock lock(mutex_);
  first_ = 0;
}

Faults::Counts Faults::counts() const {
  const std::scoped_lock lock(mutex_);
  return counts_;
}

Verdict Faults::before(const Call& call) {
  const std::scoped_lock lock(mutex_);
  if (call.op != fault_.op) return {};
  ++counts_.calls;
  const bool fails =
      first_ != 0 && (counts_.calls == first_ || (lasting_ && counts_.calls > first_));
  if (!fails) return {};
  ++counts_.failed;
  if (call.op == Op::sync && call.name.ends_with("-wal") && log_unsynced_) {
    ++counts_.failed_commits;
  }
  switch (fault_.outcome) {
    case Fault::Outcome::refused:
      break;
    case Fault::Outcome::half:
      return {.code = fault_.code, .written = call.data.size() / 2};
    case Fault::Outcome::swallowed:
      return {.swallowed = true};
  }
  return {.code = fault_.code};
}

void Faults::after(const Call& call) {
  if (!call.name.ends_with("-wal")) return;
  const std::scoped_lock lock(mutex_);
  if (call.op == Op::write) log_unsynced_ = true;
  if (call.op == Op::sync) log_unsynced_ = false;
}

}  // namespace aether::crash
