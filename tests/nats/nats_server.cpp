// SPDX-License-Identifier: Apache-2.0
#include "nats/nats_server.hpp"

#include "nats/patience.hpp"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <utility>
#include <vector>

namespace aether::tests {
namespace {

using namespace std::string_literals;

std::string find_program(ServerVersion version) {
  const char* cache = std::getenv("AETHER_CACHE");
  const std::string name(name_of(version));
  // As script/nats-server does it: a path that is not absolute begins at the top of the project.
  const auto program = std::filesystem::path(AETHER_SOURCE_DIR) /
                       (cache != nullptr ? cache : "build/cache") / "nats-server" / name /
                       "nats-server";
  if (access(program.c_str(), X_OK) != 0) {
    throw std::runtime_error("there is no " + program.string() +
                             ": to fetch it, run script/nats-server " + name);
  }
  return program.string();
}

}  // namespace

std::string_view name_of(ServerVersion version) {
  return version == ServerVersion::v2_9 ? "2.9" : "2.15";
}

NatsServer::NatsServer(ServerOptions options)
    : options_(std::move(options)), program_(find_program(options_.version)) {
  write_config();
  start();
}

std::string NatsServer::url() const { return "nats://127.0.0.1:" + std::to_string(port()); }

void NatsServer::restart() {
  kill_9();
  start();
}

void NatsServer::restart_as(ServerVersion version) {
  kill_9();
  options_.version = version;
  program_ = find_program(version);
  start();
}

std::optional<std::string> NatsServer::monitor(const std::string& path) const {
  return http_get(monitor_port_.number(), path);
}

std::string NatsServer::log() const {
  std::ostringstream text;
  text << std::ifstream(folder_.file("log")).rdbuf();
  return std::move(text).str();
}

void NatsServer::write_config() const {
  std::ofstream file(folder_.file("config"));
  file << "server_name: " << options_.name << "\n"
       << "listen: \"127.0.0.1:" << port() << "\"\n"
       << "http: \"127.0.0.1:" << monitor_port_.number() << "\"\n";
  if (options_.jetstream) {
    // Limits that do not depend on what the machine has to spare.
    file << "jetstream {\n  store_dir: \"" << folder_.file("store") << "\"\n"
         << "  max_file_store: 4GB\n  max_memory_store: 256MB\n  " << options_.jetstream_config
         << "\n}\n";
  }
  file << options_.config << "\n";
}

void NatsServer::start() {
  process_.emplace(std::vector{program_, "--config"s, folder_.file("config")}, folder_.file("log"));
  const bool is_up = wait_until([this] { return answers() || process_->has_ended(); });
  if (is_up && is_running()) return;
  throw std::runtime_error("nats-server " + std::string(name_of(options_.version)) +
                           (is_running() ? " does not answer" : " has ended") + "; it logged:\n" +
                           log());
}

bool NatsServer::answers() const {
  auto connection = Connection::to(port(), std::chrono::seconds(1));
  if (!connection) return false;
  const auto line = connection->read_line();
  return line && line->starts_with("INFO ");
}

}  // namespace aether::tests
