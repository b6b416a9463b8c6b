// SPDX-License-Identifier: Apache-2.0
#include "arguments.hpp"
#include "console.hpp"
#include "exit_code.hpp"
#include "signals.hpp"
#include "verbs.hpp"

#include <nlohmann/json.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <exception>
#include <span>
#include <system_error>
#include <utility>
#include <variant>

namespace aether::cli {

Outcome run(const ShowText& verb, const Session& session) {
  session.console.out().write(verb.text);
  return ExitCode::ok;
}

Outcome run(const ShowVersion& /*verb*/, const Session& session) {
  if (session.console.json()) {
    session.console.say_json({{"program", "aether"}, {"version", AETHER_VERSION}});
  } else {
    session.console.say("aether " AETHER_VERSION);
  }
  return ExitCode::ok;
}

namespace {

/// A standard stream that is closed would have its number given to the next file that is opened:
/// the database. With the wrong access, so that using it still fails.
void occupy_standard_streams() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(fd, F_GETFD) != -1) continue;
    ::open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
  }
}

/// After a signal: a connection that was cut fails what was on its way, one way or another.
bool may_be_interruption(const Error& error) {
  return error.code == Errc::closed || error.code == Errc::unavailable ||
         error.code == Errc::outcome_unknown;
}

ExitCode run_verb(const Arguments& arguments, Console& console) {
  const Signals signals;
  const Session session{.store_url = arguments.store_url, .console = console, .signals = signals};
  Outcome outcome =
      std::visit([&](const auto& verb) { return run(verb, session); }, arguments.verb);
  if (outcome) return *outcome;
  const bool is_interrupted = signals.caught() != 0 && may_be_interruption(outcome.error().error);
  // Whoever only reads need not know how it ended.
  const bool has_written = std::holds_alternative<Append>(arguments.verb) ||
                           std::holds_alternative<Copy>(arguments.verb);
  if (is_interrupted && !has_written) {
    outcome.error() = Failure(Error{.code = Errc::closed, .message = "interrupted"});
  }
  console.out().flush();  // what was found comes before why there is no more
  console.complain(outcome.error());
  if (is_interrupted) return exit_code_of_signal(signals.caught());
  return exit_code_of(outcome.error().error.code);
}

/// The output may have failed without anyone having noticed.
ExitCode check_output(ExitCode code, Console& console) {
  console.out().flush();
  if (console.out().error() == 0) return code;
  Failure failure(Error{.code = Errc::unavailable,
                        .message = "cannot write the output: " +
                                   std::generic_category().message(console.out().error())});
  failure.kind = "output_failed";
  failure.advice = console.done();
  console.complain(failure);
  return code == ExitCode::ok ? ExitCode::failure : code;
}

ExitCode run_program(std::span<const char* const> args) {
  auto arguments = parse_arguments(args);
  if (!arguments) {
    const Console console(console_options_of(args));
    console.complain(arguments.error());
    return ExitCode::usage;
  }
  Console console(arguments->console);
  const ExitCode code = check_output(run_verb(*arguments, console), console);
  if (code == ExitCode::interrupted || code == ExitCode::terminated) {
    // A thread may still be trying to connect: it must not see the program being taken down.
    std::_Exit(static_cast<int>(code));
  }
  return code;
}

}  // namespace
}  // namespace aether::cli

// NOLINTNEXTLINE(bugprone-exception-escape): if not even complaining works, nothing is left
int main(int argc, char** argv) {
  static_cast<void>(std::signal(SIGPIPE, SIG_IGN));  // a write then fails with EPIPE
  static_cast<void>(std::signal(SIGXFSZ, SIG_IGN));  // and one beyond `ulimit -f` with EFBIG
  aether::cli::occupy_standard_streams();
  try {
    const std::span<const char* const> args(argv, static_cast<std::size_t>(argc));
    return static_cast<int>(aether::cli::run_program(args.subspan(argc > 0 ? 1 : 0)));
  } catch (const std::exception& error) {
    // Only what nobody can plan for comes here: no memory, no thread.
    aether::cli::Failure failure(aether::Error{.message = error.what()});
    failure.kind = "internal";
    aether::cli::Console({}).complain(failure);
    return static_cast<int>(aether::cli::ExitCode::failure);
  }
}
