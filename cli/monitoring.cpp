// SPDX-License-Identifier: Apache-2.0
#include "monitoring.hpp"

#include "text.hpp"

// The only place that includes it: it takes seconds to compile.
#include <httplib.h>

#include <string_view>

namespace aether::cli {

namespace {

std::string text_of(httplib::Error error) {
  switch (error) {
    case httplib::Error::Connection:
    case httplib::Error::ConnectionTimeout:
      return "nothing takes the connection";
    case httplib::Error::Read:
    case httplib::Error::Write:
      return "what listens there says nothing, or speaks no HTTP";
    case httplib::Error::SSLConnection:
      return "TLS fails; is it https?";
    case httplib::Error::SSLServerVerification:
      return "its certificate is not trusted";
    default:
      return httplib::to_string(error);
  }
}

}  // namespace

Result<std::string> fetch_monitoring(const std::string& url, std::chrono::milliseconds timeout) {
  std::string base = url;
  while (base.ends_with('/')) base.pop_back();
  const std::size_t colons = base.find("://");
  const std::string_view scheme = std::string_view(base).substr(0, colons);
  if (colons == std::string::npos || (scheme != "http" && scheme != "https") ||
      base.size() == colons + 3 || base.find('/', colons + 3) != std::string::npos) {
    return fail(Errc::invalid_argument,
                "the monitoring URL \"" + escape(url) + "\" is not as in http://host:8222");
  }
  httplib::Client client(base);
  if (!client.is_valid()) {
    return fail(Errc::invalid_argument,
                "the monitoring URL \"" + escape(url) + "\" is not as in http://host:8222");
  }
  client.set_connection_timeout(timeout);
  client.set_read_timeout(timeout);
  const auto answer = client.Get("/varz");
  if (!answer) {
    return fail(Errc::unavailable, "the monitoring port at \"" + escape(url) +
                                       "\" does not answer: " + text_of(answer.error()));
  }
  if (answer->status != 200) {  // NOLINT(readability-magic-numbers): OK
    return fail(Errc::unavailable, "the monitoring port at \"" + escape(url) + "\" answers with " +
                                       "status " + std::to_string(answer->status));
  }
  return answer->body;
}

}  // namespace aether::cli
