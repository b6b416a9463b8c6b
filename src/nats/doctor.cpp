// SPDX-License-Identifier: Apache-2.0
#include "aether/nats/doctor.hpp"

#include "nats/doctor_facts.hpp"

#include <algorithm>

namespace aether::nats {

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::ok:
      return "ok";
    case Verdict::note:
      return "note";
    case Verdict::problem:
      break;
  }
  return "problem";
}

Verdict Examination::verdict() const {
  Verdict worst = Verdict::ok;
  for (const Check& check : checks) worst = std::max(worst, check.verdict);
  return worst;
}

Result<Examination> examine(Connection& connection, const Namespace& ns,
                            const ExamineOptions& options) {
  const auto facts = gather_facts(connection, ns, options);
  if (!facts) return std::unexpected(facts.error());
  return Examination{.checks = judge(*facts, ns)};
}

}  // namespace aether::nats
