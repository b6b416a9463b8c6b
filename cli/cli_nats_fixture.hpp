// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli_fixture.hpp"
#include "nats/nats_server.hpp"
#include "nats/test_support.hpp"

#include <map>
#include <string>
#include <vector>

namespace aether::cli::testing {

/// The program with a real server, which each test starts as it needs it.
class NatsCliTest : public CliTest {
 protected:
  using Server = tests::NatsServer;

  /// Of the namespace "orders".
  static std::string url_of(const Server& server, const std::string& login = {}) {
    return "nats://" + login + "127.0.0.1:" + std::to_string(server.port()) + "/orders";
  }
  static std::vector<std::string> at(const std::string& url, std::vector<std::string> args) {
    args.insert(args.begin(), {"--store", url});
    return args;
  }
  [[nodiscard]] static Finished aether_at(const std::string& url,
                                          const std::vector<std::string>& args,
                                          const RunOptions& options = {}) {
    return run(at(url, args), options);
  }
  static void append_at(const std::string& url, const std::string& actor_id,
                        const std::string& type, const std::string& data = "null") {
    const auto done = aether_at(url, {"append", actor_id, type, data});
    ASSERT_EQ(done.exit_code, 0) << done.err;
  }
  static std::string streams_of(const Server& server) {
    return server.monitor("/jsz?streams=true&config=true").value_or("");
  }

  /// An envelope as `tail --json` prints it.
  static std::string envelope(const std::string& actor_id, int version) {
    return R"({"id":")" + actor_id + "." + std::to_string(version) +
           R"(","eventType":"T","actorId":")" + actor_id + R"(","version":)" +
           std::to_string(version) + R"(,"timestamp":"2026-01-01T00:00:00.000000001Z","data":{}})";
  }
};

}  // namespace aether::cli::testing
