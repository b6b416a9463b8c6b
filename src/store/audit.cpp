// SPDX-License-Identifier: Apache-2.0
#include "aether/store/audit.hpp"

#include "aether/core/chain.hpp"
#include "core/text.hpp"
#include "store/audit_heads.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace aether {

namespace {

bool is_chained(const StoredEvent& event) { return event.hash != Hash{}; }

/// Called with each event; false: that was enough.
using See = std::function<bool(const StoredEvent& event)>;
/// Called where the store cannot be read. `skipped`: the scan goes on behind `error.position`,
/// otherwise it ends here. An error returned is the scan's.
using Unreadable = std::function<Result<void>(const Error& error, bool skipped)>;

/// Feeds a page to `see`. Returns where the next one begins; nothing where there is none.
Result<std::optional<Position>> take(const Page& page, Position after, const See& see) {
  for (const EventPtr& event : page.events) {
    if (!see(*event)) return std::nullopt;
  }
  if (page.events.empty()) return std::nullopt;
  if (page.next > after) return page.next;
  return fail(Errc::corrupt, concat("the page after position ", after,
                                    " says to go on after position ", page.next));
}

Result<void> scan(EventStore& store, const AuditOptions& options, const See& see,
                  const Unreadable& unreadable) {
  const std::size_t page_size = std::max<std::size_t>(options.page_size, 1);
  std::size_t limit = page_size;
  Position after = 0;
  std::uint64_t events = 0;
  while (true) {
    const auto page = store.read_all({}, after, limit);
    if (page) {
      const auto next = take(*page, after, see);
      events += page->events.size();
      if (options.progress) options.progress(events);
      if (!next) return unreadable(next.error(), false);
      const std::optional<Position>& following = *next;
      if (!following) return {};
      after = *following;
    } else if (page.error().code != Errc::corrupt) {
      return std::unexpected(page.error());
    } else if (limit > 1) {
      limit /= 2;  // what can be read before the corrupt event comes first
    } else {
      const bool skipped = page.error().position > after;
      if (auto ok = unreadable(page.error(), skipped); !ok || !skipped) return ok;
      after = page.error().position;
      limit = page_size;
    }
    if (options.stop.stop_requested()) {
      return fail(Errc::closed, concat("stopped after ", events, " events, as was asked for"));
    }
  }
}

/// Checks the events one by one, in the store's order.
class Audit {
 public:
  /// `retaining` is the store, where it is such a one.
  Audit(const AuditOptions& options, Retaining* retaining)
      : options_(options), retaining_(retaining) {}

  /// False where the store fails: see `failure`.
  bool see(const StoredEvent& event) {
    if (options_.against && event.position > options_.against->position) cover();
    ++report_.events;
    if (event.position <= heads_.position()) {
      add(event, concat("stands at position ", event.position, ", after position ",
                        heads_.position(), ": the store's order was changed"));
      explain(event.position, 1);
    }
    check(event);
    heads_.passed(event);
    return !failure_;
  }

  [[nodiscard]] const std::optional<Error>& failure() const { return failure_; }

  void unreadable(const Error& error, bool skipped) {
    if (skipped) {
      explain(error.position, 1);
      keep({.actor_id = error.actor_id,
            .version = error.actor_version,
            .position = error.position,
            .what = error.message});
      return;
    }
    incomplete_ = true;
    keep({.position = error.position,
          .what = concat("the store cannot be read after position ", heads_.position(),
                         ", and what follows was not checked: ", error.message)});
  }

  /// Something that the store itself found.
  void merge(Finding finding) {
    const auto same_place = [&finding](const Finding& other) {
      return other.actor_id.empty() && other.position == finding.position;
    };
    if (finding.position != 0 && !finding.actor_id.empty()) {
      if (const auto found = std::ranges::find_if(report_.findings, same_place);
          found != report_.findings.end()) {
        named_.emplace(finding.actor_id, finding.version);
        *found = std::move(finding);  // the same, with a name
        return;
      }
    }
    if (!finding.actor_id.empty()) explain(finding.position, 1);
    keep(std::move(finding));
  }

  Result<AuditReport> finish() {
    if (options_.against) {
      if (!incomplete_) cover();
      if (covered_) compare(*options_.against, *covered_);
    }
    report_.actors = heads_.actors();
    report_.digest = heads_.digest();
    if (failure_) return std::unexpected(std::move(*failure_));
    return std::move(report_);
  }

 private:
  /// An event that does not match its hash. Until a successor shows that its hash is the right one,
  /// it may be why the root is another.
  struct Suspect {
    Hash before{};  // its predecessor's
    Hash recomputed{};
    Position position = 0;
  };

  /// Counts findings that may be why the root at the earlier digest's position is another.
  void explain(Position position, std::int64_t count) {
    if (options_.against && position <= options_.against->position) explanations_ += count;
  }

  /// Whether retention may have removed an event of those behind `position`.
  bool may_be_gone(Position position) {
    if (retaining_ == nullptr || failure_) return false;
    if (retained_from_ <= position) {  // as known before; it removes more while this goes on
      auto from = retaining_->retained_from();
      if (from) {
        retained_from_ = *from;
      } else {
        failure_ = std::move(from.error());
      }
    }
    return retained_from_ > position;
  }

  void check(const StoredEvent& event) {
    Head& head = heads_.of(event);
    if (event.version <= head.version && event.hash == chain_hash(Hash{}, event) &&
        may_be_gone(head.position)) {
      head = {};  // the actor has started anew after all its events were gone
    }
    if (event.version <= head.version) {
      // The head stays, so that the events behind this one are judged as if it were not there.
      add(event, concat("comes after version ", head.version,
                        ": it was moved or added, or its version was changed"));
      explain(event.position, 1);
      return;
    }
    const Hash recomputed = chain_hash(head.hash, event);
    if (is_chained(event)) {
      chained();
      check_chain(event, head, recomputed);
      head.hash = event.hash;  // not the recomputed one: one changed event is one finding
    } else {
      unchained(event);
      head.hash = recomputed;
    }
    head.version = event.version;
    head.position = event.position;
  }

  /// Retention cannot have removed anything before version 1.
  bool is_shortened(const StoredEvent& event, const Head& head) {
    if (head.version == 0 && event.version == 1) return false;
    if (!may_be_gone(head.position)) return false;
    ++report_.shortened_count;
    if (report_.shortened.size() < options_.max_findings) {
      report_.shortened.push_back(
          {.actor_id = event.actor_id, .version = event.version, .position = event.position});
    }
    return true;
  }

  void check_chain(const StoredEvent& event, const Head& head, const Hash& recomputed) {
    const auto suspect = suspects_.find(event.actor_id);
    if (event.hash == recomputed) {
      if (suspect != suspects_.end()) {
        explain(suspect->second.position, -1);  // only its content was changed: not the root
        suspects_.erase(suspect);
      }
      return;
    }
    if (suspect != suspects_.end()) {
      // If only the suspect's hash was changed, or the suspect was added, this one is as it was.
      const auto [before, other, position] = suspect->second;
      suspects_.erase(suspect);
      if (event.hash == chain_hash(other, event) || event.hash == chain_hash(before, event)) {
        return;
      }
    }
    if (is_shortened(event, head)) return;
    add(event, head.version + 1 == event.version
                   ? std::string("was changed: it does not match its hash in the audit chain")
                   : concat("was changed, or an event before it, after version ", head.version,
                            ", was removed: it does not match its hash in the audit chain"));
    suspects_.emplace(
        event.actor_id,
        Suspect{.before = head.hash, .recomputed = recomputed, .position = event.position});
    explain(event.position, 1);
  }

  /// The store keeps a chain, so events that had no hash before should have one.
  void chained() {
    if (report_.chained) return;
    report_.chained = true;
    for (const Finding& finding : unchained_) explain(finding.position, 1);
    report_.finding_count += unchained_count_ - unchained_.size();
    for (Finding& finding : unchained_) keep(std::move(finding));
    unchained_.clear();
  }

  void unchained(const StoredEvent& event) {
    constexpr std::string_view kWhat = "has no hash, although the store keeps an audit chain";
    if (report_.chained) {
      add(event, kWhat);
      explain(event.position, 1);
      return;
    }
    ++unchained_count_;
    if (unchained_.size() < options_.max_findings) unchained_.push_back(finding_of(event, kWhat));
  }

  /// Remembers the digest of what was seen until now, once.
  void cover() {
    if (!covered_) covered_ = heads_.digest();
  }

  void compare(const Digest& then, const Digest& now) {
    const bool same_end = now.position == then.position && now.version == then.version &&
                          now.actor_id == then.actor_id;
    if (!same_end && may_be_gone(then.position)) {
      keep({.position = then.position,
            .what = concat("the store's retention has removed what the digest covers: nothing up "
                           "to position ",
                           then.position, " can be proven any more")});
    } else if (!same_end) {
      const std::string end = concat("version ", then.version, " of ", quoted(then.actor_id),
                                     ", the last event that the digest covers,");
      keep({.actor_id = then.actor_id,
            .version = then.version,
            .position = then.position,
            .what = heads_.position() < then.position
                        ? concat(end, " is missing: the store ends at position ", heads_.position(),
                                 ", before position ", then.position)
                        : concat(end, " is no longer at position ", then.position,
                                 ": it was removed or changed")});
    } else if (now.root != then.root && explanations_ <= 0) {
      keep({.what = concat("something up to position ", then.position,
                           " was changed, removed or added since the digest was taken, although "
                           "every remaining chain is intact: it cannot be said of which actor",
                           may_be_gone(0) ? ". The store's retention may have removed all events "
                                            "of an actor that the digest covers"
                                          : "")});
    }
  }

  static Finding finding_of(const StoredEvent& event, std::string_view what) {
    return {.actor_id = event.actor_id,
            .version = event.version,
            .position = event.position,
            .what = concat("version ", event.version, " of ", quoted(event.actor_id), " ", what)};
  }

  void add(const StoredEvent& event, std::string_view what) { keep(finding_of(event, what)); }

  /// One finding an event.
  void keep(Finding finding) {
    if (!finding.actor_id.empty() && finding.version != 0 &&
        named_.contains({finding.actor_id, finding.version})) {
      return;
    }
    ++report_.finding_count;
    if (report_.findings.size() < options_.max_findings) {
      named_.emplace(finding.actor_id, finding.version);
      report_.findings.push_back(std::move(finding));
    }
  }

  const AuditOptions& options_;
  Retaining* const retaining_;
  Position retained_from_ = 0;
  std::optional<Error> failure_;
  AuditReport report_;
  Heads heads_;
  ByActor<Suspect> suspects_;
  std::int64_t explanations_ = 0;
  std::uint64_t unchained_count_ = 0;
  std::vector<Finding> unchained_;  // findings, should the store turn out to keep a chain
  std::set<std::pair<std::string, Version>> named_;  // what `report_.findings` is about
  std::optional<Digest> covered_;  // what is there now of what the earlier digest covers
  bool incomplete_ = false;
};

}  // namespace

Result<AuditReport> verify(EventStore& store, const AuditOptions& options) {
  Audit audit(options, dynamic_cast<Retaining*>(&store));
  const auto scanned = scan(
      store, options, [&audit](const StoredEvent& event) { return audit.see(event); },
      [&audit](const Error& error, bool skipped) -> Result<void> {
        audit.unreadable(error, skipped);
        return {};
      });
  if (!scanned) return std::unexpected(scanned.error());
  if (audit.failure()) return std::unexpected(*audit.failure());
  if (auto* inspectable = dynamic_cast<Inspectable*>(&store)) {
    const auto inspected = inspectable->inspect(
        [&audit](Finding finding) { audit.merge(std::move(finding)); }, options.stop);
    if (!inspected) return std::unexpected(inspected.error());
  }
  return audit.finish();
}

Result<Digest> make_digest(EventStore& store, const AuditOptions& options,
                           std::optional<Position> at) {
  Heads heads;
  bool reached = !at;
  const auto scanned = scan(
      store, options,
      [&](const StoredEvent& event) {
        reached = reached || event.position >= *at;
        if (at && event.position > *at) return false;
        Head& head = heads.of(event);
        head = {.version = event.version,
                .hash = is_chained(event) ? event.hash : chain_hash(head.hash, event),
                .position = event.position};
        heads.passed(event);
        return true;
      },
      [&](const Error& error, bool) -> Result<void> {
        reached = reached || error.position >= *at;
        if (at && error.position > *at) return {};
        return std::unexpected(error);
      });
  if (!scanned) return std::unexpected(scanned.error());
  Digest digest = heads.digest();
  if (!reached && digest.position < *at) {
    return fail(Errc::not_found, concat("the store ends at position ", digest.position,
                                        " and has no digest at position ", *at, " yet"));
  }
  return digest;
}

}  // namespace aether
