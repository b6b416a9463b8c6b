// SPDX-License-Identifier: Apache-2.0
#include "projection_arguments.hpp"

#include "arguments.hpp"
#include "help_text.hpp"
#include "option_kinds.hpp"

namespace aether::cli {

namespace {

CLI::App* add(CLI::App& projection, const std::string& name, std::string description,
              std::string_view examples, std::string& model) {
  auto* const verb = projection.add_subcommand(name, std::move(description));
  verb->footer(std::string(examples))->group("Verbs");
  verb->add_option("MODEL", model, "The read model's database file")->required();
  return verb;
}

void add_name(CLI::App& verb, std::string& name) {
  verb.add_option("NAME", name, "Only this projection, or partition of one (as `ls` has it)");
}

}  // namespace

Verb ProjectionVerbs::chosen(const CLI::App& projection) const {
  const auto named = projection.get_subcommands();
  const std::string name = named.empty() ? "" : named.front()->get_name();
  if (name == "ls") return list;
  if (name == "lag") return lag;
  if (name == "rebuild") return rebuild;
  if (name == "parked") return parked;
  throw CLI::RequiredError("a verb: ls, lag, rebuild or parked");
}

void add_projection_verbs(CLI::App& projection, ProjectionVerbs& into) {
  projection.require_subcommand(0, 1);
  add(projection, "ls", "Lists the projections of a read model.", help::kProjectionLsExamples,
      into.list.model);

  auto* const lag = add(projection, "lag", "Says how far projections are behind their store.",
                        help::kProjectionLagExamples, into.lag.model);
  add_name(*lag, into.lag.name);
  number(lag, "--cap", into.lag.cap, 1, "Count at most so many events (default: 10,000)");

  auto* const rebuild = add(projection, "rebuild", "Has a read model made anew while it is in use.",
                            help::kProjectionRebuildExamples, into.rebuild.model);
  rebuild->add_flag("--handle-dropped", into.rebuild.handle_dropped,
                    "Handle dropped events again, which are passed over else");
  rebuild->add_flag("--no-wait", into.rebuild.no_wait, "Ask for it, and do not wait for its end");

  auto* const parked =
      add(projection, "parked", "Lists events that could not be applied; retries or drops them.",
          help::kProjectionParkedExamples, into.parked.model);
  add_name(*parked, into.parked.name);
  repeated(parked, "--retry", into.parked.retry, "ACTOR",
           "Have the actor's events tried again; may be repeated");
  repeated(parked, "--drop", into.parked.drop, "POSITION",
           "Have this event given up, in a model made anew, too; may be repeated");
}

}  // namespace aether::cli
