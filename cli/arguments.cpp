// SPDX-License-Identifier: Apache-2.0
#include "arguments.hpp"

#include "cluster_arguments.hpp"
#include "help_text.hpp"
#include "option_kinds.hpp"
#include "projection_arguments.hpp"
#include "text.hpp"

#include <array>
#include <charconv>
#include <map>
#include <utility>

namespace aether::cli {
namespace {

/// All that can be given; the verb that was named decides what counts.
struct Everything {
  Arguments arguments;
  Append append;
  Read read;
  Tail tail;
  Actors actors;
  Verify verify;
  MakeDigest digest;
  Backup backup;
  Doctor doctor;
  Copy copy;
  ProjectionVerbs projection;
  ClusterVerbs cluster;
  std::string help_about;
};

/// Examples first, then what a verb takes, then what is common to all.
class HelpFormatter final : public CLI::Formatter {
 public:
  HelpFormatter() {
    label("Positionals", "Arguments");
    column_width(28);
  }

  void add_notes(const std::string& verb, std::string_view notes) { notes_[verb] = notes; }

  std::string make_help(const CLI::App* app, std::string name,
                        CLI::AppFormatMode mode) const override {
    const CLI::App* const parent = app->get_parent();
    const CLI::App* root = app;
    while (root->get_parent() != nullptr) root = root->get_parent();
    std::string text = app->get_description() + "\n\nExamples:\n" + app->get_footer() + "\n\n";
    if (parent == nullptr) {
      text += "Usage: aether [OPTIONS] VERB ...\n";
    } else if (app->get_name() == "append") {  // ACTOR and TYPE are optional only with --lines
      text +=
          "Usage: aether append [OPTIONS] ACTOR TYPE [DATA]\n"
          "       aether append [OPTIONS] --lines\n";
    } else {
      text += make_usage(app, std::move(name));
    }
    text += make_positionals(app) + make_groups(app, mode) + make_subcommands(app, mode);
    if (parent != nullptr) {
      const auto options = root->get_options([&](const CLI::Option* option) {
        return option != root->get_help_ptr() && option != root->get_version_ptr();
      });
      text += make_group("Options of every verb", false, options);
    }
    if (const auto notes = notes_.find(app->get_name()); notes != notes_.end()) {
      text += "\n" + std::string(notes->second) + "\n";
    }
    return text;
  }

  std::string make_option_opts(const CLI::Option* option) const override {
    return option->get_type_size() == 0 || option->get_positional() ? ""
                                                                    : " " + option->get_type_name();
  }

 private:
  std::map<std::string, std::string_view> notes_;
};

/// The grammar of the command line.
class Grammar {
 public:
  Grammar();

  /// Throws CLI::ParseError.
  [[nodiscard]] Arguments parse(std::span<const char* const> args);

  /// Of the verb that was named, or of the program.
  [[nodiscard]] std::string help() const { return app_.help(); }

  [[nodiscard]] Failure explain(const CLI::ParseError& error) const;

 private:
  CLI::App* add_verb(const std::string& name, std::string description, std::string_view examples,
                     std::string_view notes = {});
  void add_append();
  void add_readers();
  void add_audits();
  [[nodiscard]] std::string named_verb() const;
  [[nodiscard]] Verb chosen_verb() const;

  Everything all_;
  std::shared_ptr<HelpFormatter> formatter_ = std::make_shared<HelpFormatter>();
  CLI::App app_{std::string(help::kProgram), "aether"};
};

Grammar::Grammar() {
  app_.formatter(formatter_);
  formatter_->add_notes("aether", help::kProgramNotes);
  app_.footer(std::string(help::kProgramExamples));
  app_.fallthrough();
  app_.require_subcommand(0, 1);
  app_.set_help_flag("-h,--help", "Say how the program, or the verb, is used");
  app_.add_option("--store", all_.arguments.store_url,
                  "Which store: sqlite:PATH, nats://HOST/NAMESPACE, ... (default: $AETHER_STORE)")
      ->type_name("URL")
      ->envname("AETHER_STORE");
  app_.add_flag("--json", all_.arguments.console.json,
                "Write JSON, one object a line, for programs");
  app_.add_flag("--no-color", all_.arguments.console.no_color,
                "Write no colour to a terminal (as does NO_COLOR=1)");
  app_.set_version_flag("--version", "aether " AETHER_VERSION)
      ->description("Say which version this is");
  add_append();
  add_readers();
  add_audits();
  add_projection_verbs(*add_verb("projection", "Looks after projections in a read model.",
                                 help::kProjectionExamples, help::kProjectionNotes),
                       all_.projection);
  add_cluster_verbs(*add_verb("cluster", "Shows the nodes of a cluster on NATS, and who leads.",
                              help::kClusterExamples, help::kClusterNotes),
                    all_.cluster);
  add_verb("version", "Says which version this is.", help::kVersionExamples);
  add_verb("help", "Says how a verb is used.", "  aether help append")
      ->add_option("VERB", all_.help_about, "The verb");
}

CLI::App* Grammar::add_verb(const std::string& name, std::string description,
                            std::string_view examples, std::string_view notes) {
  auto* const verb = app_.add_subcommand(name, std::move(description));
  verb->footer(std::string(examples))->group("Verbs");
  if (!notes.empty()) formatter_->add_notes(name, notes);
  return verb;
}

void Grammar::add_append() {
  Append& append = all_.append;
  auto* const verb = add_verb("append", "Appends an event, or with --lines many.",
                              help::kAppendExamples, help::kAppendNotes);
  verb->add_option("ACTOR", append.actor_id, "Whom the event is about: order-123");
  verb->add_option("TYPE", append.event_type, "What happened: OrderPlaced");
  verb->add_option("DATA", append.data, "JSON text, @FILE, or - (default: null)");
  auto* const lines = verb->add_flag("--lines", append.lines,
                                     "Read envelopes from standard input, one commit a line");
  number(verb, "--expect", append.expect, 0,
         "Only if the actor's latest version is N (0: it has no event)")
      ->excludes(lines);
  number(verb, "--version", append.version, 1, "The event's version (default: the next one)")
      ->excludes(lines);
  text_option(verb, "--id", append.id, "ID", "The event's id (default: a new UUIDv7)")
      ->excludes(lines);
  repeated(verb, "--meta", append.metadata, "KEY=VALUE", "Metadata; may be repeated")
      ->excludes(lines);
  text_option(verb, "--content-type", append.content_type, "TYPE", "What DATA is, if not JSON")
      ->excludes(lines);
  text_option(verb, "--timestamp", append.timestamp, "TIME", "RFC 3339 (default: now)")
      ->excludes(lines);
  converted(verb, "--timeout", append.timeout, "TIME",
            "How long to wait, for other writers too: 500ms, 5s, 2m (default: 10s)",
            parse_duration);
}

void Grammar::add_readers() {
  auto* const read = add_verb("read", "Prints an actor's events.", help::kReadExamples);
  read->add_option("ACTOR", all_.read.actor_id, "Whose events")->required();
  number(read, "--from", all_.read.from, 1, "Begin with this version");
  number(read, "--to", all_.read.to, 1, "End with this version");
  number(read, "--limit", all_.read.limit, 1, "At most so many events");

  auto* const tail =
      add_verb("tail", "Prints all events in the store's order.", help::kTailExamples);
  number(tail, "--after", all_.tail.after, 0, "Begin after this position");
  text_option(tail, "--actor", all_.tail.filter.actor_id, "ACTOR", "Only events of this actor");
  text_option(tail, "--category", all_.tail.filter.category, "CATEGORY",
              "Only CATEGORY and actors whose id begins with CATEGORY-");
  repeated(tail, "--type", all_.tail.filter.event_types, "TYPE",
           "Only events of this type; may be repeated");
  number(tail, "--limit", all_.tail.limit, 1, "At most so many events");
  tail->add_flag("-f,--follow", all_.tail.follow, "Wait for new events until interrupted");

  add_verb("actors", "Lists the actors.", help::kActorsExamples)
      ->add_option("CATEGORY", all_.actors.category,
                   "Only CATEGORY and actors whose id begins with CATEGORY-");
}

void Grammar::add_audits() {
  auto* const verify = add_verb("verify", "Proves that no event was changed, removed or moved.",
                                help::kVerifyExamples, help::kVerifyNotes);
  text_option(verify, "--against", all_.verify.against, "DIGEST",
              "An earlier digest of the store, or @FILE that holds it");
  number(verify, "--limit", all_.verify.limit, 1, "Print at most so many findings (default: 100)");

  auto* const digest =
      add_verb("digest", "Prints the store's content in one line, to verify against.",
               help::kDigestExamples);
  number(digest, "--at", all_.digest.at, 0, "Of the events up to this position (default: all)");

  auto* const copy =
      add_verb("copy", "Copies all events of one store into another, which may have some already.",
               help::kCopyExamples, help::kCopyNotes);
  copy->add_option("FROM", all_.copy.from, "The URL of the store to read")->required();
  copy->add_option("TO", all_.copy.to, "The URL of the store to write")->required();
  copy->add_flag("--new-chains", all_.copy.new_chains,
                 "Also actors whose first events retention has removed: with new chains");
  converted(copy, "--timeout", all_.copy.timeout, "TIME",
            "How long to wait for other writers, and for each answer of a server (default: 10s)",
            parse_duration);

  auto* const doctor = add_verb("doctor", "Looks whether a store on NATS is in good health.",
                                help::kDoctorExamples, help::kDoctorNotes);
  repeated(doctor, "--monitor", all_.doctor.monitors, "URL",
           "A server's monitoring port, http://host:8222; may be repeated");
  converted(doctor, "--timeout", all_.doctor.timeout, "TIME",
            "How long to wait for each answer (default: 5s)", parse_duration);

  add_verb("backup", "Copies the store to a new file while it is in use.", help::kBackupExamples)
      ->add_option("FILE", all_.backup.file, "The new file")
      ->required();
}

Arguments Grammar::parse(std::span<const char* const> args) {
  // In reverse: CLI11 takes them from the back.
  app_.parse(std::vector<std::string>(args.rbegin(), args.rend()));
  all_.arguments.verb = chosen_verb();
  return all_.arguments;
}

std::string Grammar::named_verb() const {
  const auto verbs = app_.get_subcommands();
  return verbs.empty() ? "" : verbs.front()->get_name();
}

Verb Grammar::chosen_verb() const {
  const std::string name = named_verb();
  if (name == "append") {
    const auto* const verb = app_.get_subcommands().front();
    if (!all_.append.lines && verb->count("TYPE") == 0) {
      throw CLI::RequiredError("ACTOR and TYPE are required", CLI::ExitCodes::RequiredError);
    }
    if (all_.append.lines && verb->count("ACTOR") > 0) {
      throw CLI::ExcludesError("--lines", "ACTOR");
    }
    return all_.append;
  }
  if (name == "read") return all_.read;
  if (name == "tail") return all_.tail;
  if (name == "actors") return all_.actors;
  if (name == "verify") return all_.verify;
  if (name == "digest") return all_.digest;
  if (name == "backup") return all_.backup;
  if (name == "doctor") return all_.doctor;
  if (name == "copy") return all_.copy;
  if (name == "projection") return all_.projection.chosen(*app_.get_subcommands().front());
  if (name == "cluster") return all_.cluster.chosen(*app_.get_subcommands().front());
  if (name == "version") return ShowVersion{};
  if (name != "help") throw CLI::RequiredError("a verb");
  if (all_.help_about.empty()) return ShowText{formatter_->make_help(&app_, "aether", {})};
  for (const CLI::App* about : app_.get_subcommands({})) {
    if (about->get_name() == all_.help_about) return ShowText{about->help("aether")};
  }
  throw CLI::ValidationError("there is no verb \"" + escape(all_.help_about) + "\"");
}

Failure Grammar::explain(const CLI::ParseError& error) const {
  std::string verb = named_verb();
  if (verb == "help") verb.clear();
  std::string message = error.what();
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {
    const auto extras = app_.remaining(true);
    const std::string first = extras.empty() ? "" : escape(extras.front());
    message = verb.empty() && !first.starts_with('-') ? "there is no verb \"" + first + "\""
                                                      : "unexpected argument \"" + first + "\"";
  }
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr) {
    message = message.substr(0, message.find(':')) + " needs exactly one value";
  }
  Failure failure(Error{.code = Errc::invalid_argument, .message = message});
  failure.advice = "See aether " + verb + (verb.empty() ? "" : " ") + "--help.";
  return failure;
}

}  // namespace

std::expected<Arguments, Failure> parse_arguments(std::span<const char* const> args) {
  Grammar grammar;
  try {
    return grammar.parse(args);
  } catch (const CLI::CallForHelp&) {
    return Arguments{.store_url = {}, .verb = ShowText{grammar.help()}};
  } catch (const CLI::CallForVersion&) {
    return Arguments{.store_url = {}, .console = console_options_of(args), .verb = ShowVersion{}};
  } catch (const CLI::ParseError& error) {
    return std::unexpected(grammar.explain(error));
  }
}

ConsoleOptions console_options_of(std::span<const char* const> args) {
  ConsoleOptions options;
  for (const std::string_view arg : args) {
    if (arg == "--") break;
    if (arg == "--json") options.json = true;
    if (arg == "--no-color") options.no_color = true;
  }
  return options;
}

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  struct Unit {
    std::string_view name;
    std::uint64_t milliseconds;
  };
  constexpr std::array<Unit, 3> kUnits{{{"ms", 1}, {"s", 1'000}, {"m", 60'000}}};
  constexpr std::uint64_t kMost = std::uint64_t{24} * 60 * 60 * 1000;  // a day: more is a mistake

  std::uint64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const std::string_view unit_name = text.substr(static_cast<std::size_t>(end - text.data()));
  for (const Unit& unit : kUnits) {
    if (error == std::errc{} && unit_name == unit.name && count <= kMost / unit.milliseconds) {
      return std::chrono::milliseconds(count * unit.milliseconds);
    }
  }
  return fail(Errc::invalid_argument,
              "\"" + escape(text) + "\" is not a time of at most a day, such as 500ms, 5s or 2m");
}

}  // namespace aether::cli
