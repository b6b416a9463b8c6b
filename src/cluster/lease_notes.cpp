// SPDX-License-Identifier: Apache-2.0
#include "cluster/lease.hpp"
#include "core/text.hpp"

#include <algorithm>
#include <chrono>

namespace aether {

namespace {

/// "1.2 s"
std::string seconds_text(BootTime time) {
  const auto tenths = std::max<std::int64_t>(0, time / std::chrono::milliseconds(100));
  return concat(tenths / 10, ".", tenths % 10, " s");
}

std::string because(const std::string& trouble) {
  return trouble.empty() ? std::string() : concat(" (", trouble, ")");
}

}  // namespace

void Lease::note() {
  const auto& record = sight_.record();
  const std::scoped_lock lock(mutex_);
  notes_.wanted = wanted_;
  notes_.held = tenure_ != nullptr;
  notes_.live = sight_.is_live();
  notes_.free = sight_.is_free();
  notes_.own = is_own();
  notes_.holder = record ? record->holder : std::string();
  notes_.trouble = trouble_;
  notes_.runs_out = sight_.runs_out();
}

std::string Lease::waiting_for() const {
  const BootTime now = setup_.scheduler->now();
  const std::scoped_lock lock(mutex_);
  if (notes_.held) {
    return notes_.trouble.empty() ? "nothing: it holds the lease"
                                  : concat("a renewal", because(notes_.trouble));
  }
  if (!notes_.wanted) return "nothing: it does not want the lease";
  if (!notes_.live) return concat("the registry does not answer", because(notes_.trouble));
  if (notes_.free || notes_.own) {
    return concat("the registry's answer to its claim", because(notes_.trouble));
  }
  const std::string time = seconds_text(notes_.runs_out - now);
  if (notes_.holder.empty()) {
    return concat("a record that cannot be read, or has vanished, to be ignored in ", time);
  }
  return concat(notes_.holder, " holds it; its lease runs out in ", time, " unless it is renewed");
}

}  // namespace aether
