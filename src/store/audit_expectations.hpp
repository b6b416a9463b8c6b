// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/store/audit.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace aether::testing {

// What the tests of the audit have in common.

inline AuditReport audited(EventStore& store, const AuditOptions& options = {}) {
  auto report = verify(store, options);
  EXPECT_TRUE(report.has_value()) << report.error().message;
  return report ? *report : AuditReport{};
}

inline Digest digest_of(EventStore& store) {
  const auto digest = make_digest(store);
  EXPECT_TRUE(digest.has_value());
  return digest ? *digest : Digest{};
}

/// One finding, and it names this place.
inline void expect_only(const AuditReport& report, const StoredEvent& place,
                        const std::string& what) {
  ASSERT_EQ(report.findings.size(), 1U) << what;
  const Finding& finding = report.findings[0];
  EXPECT_EQ(finding.actor_id, place.actor_id);
  EXPECT_EQ(finding.version, place.version);
  EXPECT_EQ(finding.position, place.position);
  EXPECT_THAT(finding.what, ::testing::HasSubstr(what));
  EXPECT_EQ(report.finding_count, 1U);
}

}  // namespace aether::testing
