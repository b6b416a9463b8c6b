// SPDX-License-Identifier: Apache-2.0
#include "console.hpp"

#include "text.hpp"

#include <nlohmann/json.hpp>

#include <unistd.h>

#include <string>

namespace aether::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string dump(const Json& object) {
  return object.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void write_line_to_stderr(const std::string& line) {
  // One call, so that lines of several threads do not mix. Nobody is left to hear of its failure.
  const std::string whole = line + "\n";
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, whole.data(), whole.size());
}

}  // namespace

Console::Console(const ConsoleOptions& options)
    : json_(options.json),
      out_(STDOUT_FILENO),
      style_(style_of(STDOUT_FILENO, options.no_color)),
      error_style_(style_of(STDERR_FILENO, options.no_color)) {}

void Console::say(std::string_view line, Ink ink) { out_.write(paint(line, ink, style_) + "\n"); }

void Console::say_json(const Json& object) {
  const std::string line = dump(object);
  out_.write((style_.width > 0 ? escape_json(line) : line) + "\n");
}

void Console::tell(std::string_view line) const {
  if (!json_ && error_style_.width > 0) write_line_to_stderr("aether: " + escape(line));
}

void Console::complain(const Failure& failure) const {
  const Error& error = failure.error;
  if (json_) {
    Json object{{"code", failure.kind.empty() ? to_string(error.code) : failure.kind},
                {"message", error.message}};
    if (!failure.advice.empty()) object["advice"] = failure.advice;
    if (!error.actor_id.empty()) object["actorId"] = error.actor_id;
    if (error.code == Errc::version_conflict || error.actor_version != 0) {
      object["actorVersion"] = error.actor_version;
    }
    if (error.position != 0) object["position"] = error.position;
    if (failure.line) object["line"] = *failure.line;
    write_line_to_stderr(escape_json(dump({{"error", std::move(object)}})));
    return;
  }
  std::string line = paint("aether:", Ink::red, error_style_) + " ";
  if (failure.line) line += "line " + std::to_string(*failure.line) + ": ";
  line += escape(error.message);
  if (!failure.advice.empty()) line += "\n" + escape(failure.advice);
  write_line_to_stderr(line);
}

LogSink Console::log() const {
  return [this](LogLevel level, std::string_view message) {
    if (level < LogLevel::warning) return;
    if (json_) {
      write_line_to_stderr(escape_json(dump({{"warning", {{"message", message}}}})));
    } else {
      write_line_to_stderr("aether: warning: " + escape(message));
    }
  };
}

}  // namespace aether::cli
