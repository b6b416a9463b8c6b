// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "temporary_folder.hpp"

#include <string>

namespace aether::tests {

/// New key pairs as PEM files, valid for a day: an authority, and what it has signed.
class Certificates {
 public:
  Certificates();

  [[nodiscard]] std::string authority() const { return folder_.file("ca.pem"); }
  /// For 127.0.0.1 and localhost.
  [[nodiscard]] std::string server() const { return folder_.file("server.pem"); }
  [[nodiscard]] std::string server_key() const { return folder_.file("server.key"); }
  [[nodiscard]] std::string client() const { return folder_.file("client.pem"); }
  [[nodiscard]] std::string client_key() const { return folder_.file("client.key"); }

 private:
  TemporaryFolder folder_;
};

}  // namespace aether::tests
