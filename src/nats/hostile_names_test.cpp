// SPDX-License-Identifier: Apache-2.0
// Names that would be commands, wildcards or other subjects, if they reached the wire as they are.
// A subscriber to everything watches what does.
#include "aether/nats/store.hpp"
#include "core/base64.hpp"
#include "nats/nats_server.hpp"
#include "nats/session.hpp"
#include "nats/stream_config.hpp"
#include "nats/test_support.hpp"
#include "nats/watcher.hpp"
#include "testing/collector.hpp"
#include "testing/matchers.hpp"
#include "testing/waiting.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aether::nats {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using ::testing::Contains;
using testing::FailsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Succeeds;

std::string repeat(std::string_view text, std::size_t times) {
  std::string repeated;
  for (std::size_t i = 0; i < times; ++i) repeated += text;
  return repeated;
}

// Each is a name like any other.
const std::vector<std::string>& odd_names() {
  static const std::vector<std::string> names{"*",
                                              ">",
                                              "order-*",
                                              "order-1.>",
                                              "order-1.*.x",
                                              ".",
                                              "..",
                                              "a.b",
                                              ".a",
                                              "a.",
                                              "-",
                                              "--",
                                              "-1",
                                              "=",
                                              "==",
                                              "=b3JkZXI",
                                              "order 1",
                                              " ",
                                              " order-1 ",
                                              "$JS.API.STREAM.DELETE.aether=ev=a",
                                              "$SYS.REQ.SERVER.PING",
                                              "_INBOX.x",
                                              "aether.ev.a.b.c",
                                              "../../etc",
                                              "\"",
                                              "\\",
                                              "{}",
                                              "\"}",
                                              "%s%n",
                                              "PUB evil 0",
                                              "+OK",
                                              "ä-ö",
                                              "order-\xF0\x9F\x98\x80",
                                              "\xEF\xBB\xBForder",
                                              repeat("€", 85),
                                              repeat("x", 255),
                                              repeat(".", 255),
                                              repeat("*", 255)};
  return names;
}

// None of them is one: no text, or with characters that steer.
const std::vector<std::string>& impossible_names() {
  static const std::vector<std::string> names{"",
                                              "a\r\nPUB evil 2\r\nhi\r\n",
                                              "a\nb",
                                              "a\rb",
                                              "a\tb",
                                              "a\0b"s,
                                              "\0"s,
                                              "\x1B[31m",
                                              "\x7F",
                                              "\xC2\x85",
                                              "order-\xFF",
                                              "\xC3",
                                              "\xED\xA0\x80",
                                              "\xC0\xAE",
                                              repeat("€", 86),
                                              repeat("x", 256)};
  return names;
}

/// Two namespaces, one of which is named as if it were within the other; and who watches them.
class HostileNamesTest : public ::testing::TestWithParam<tests::ServerVersion> {
 protected:
  std::unique_ptr<Store> open_store(const Namespace& ns) {
    auto store = open(connection_, ns);
    if (!store) throw std::runtime_error(store.error().message);
    return std::move(*store);
  }

  /// Expects that of the events' subjects there are none but those of `actors` of namespace a; and
  /// that all else is what a store has to say to a server.
  void expect_only(const std::set<std::string>& actors) {
    std::set<std::string> expected;
    for (const std::string& actor : actors) expected.insert(event_subject(inner_, actor));
    for (const std::string& subject : watcher_.subjects()) {
      EXPECT_TRUE(expected.contains(subject) || is_of_a_store(subject)) << subject;
    }
  }
  /// Requests about the two streams and what a server says of them; replies and acknowledgements.
  static bool is_of_a_store(std::string_view subject) {
    const bool is_plain = std::ranges::all_of(subject, [](char c) {
      return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
             std::string_view("$_-=.").contains(c);
    });
    if (!is_plain) return false;
    if (subject == "$JS.API.INFO" || subject == "$JS.EVENT.ADVISORY.API") return true;
    if (subject.starts_with("_INBOX.")) return true;
    const bool is_of_a_stream =
        subject.contains(".aether=ev=a.") || subject.ends_with(".aether=ev=a") ||
        subject.contains(".aether=ev=a=b.") || subject.ends_with(".aether=ev=a=b");
    return is_of_a_stream && (subject.starts_with("$JS.API.") || subject.starts_with("$JS.ACK.") ||
                              subject.starts_with("$JS.EVENT.ADVISORY."));
  }

  /// The names of the headers of all messages of namespace a.
  std::set<std::string> header_names() {
    Requests& requests = Session::of(*connection_).requests();
    std::set<std::string> names;
    for (std::uint64_t sequence = 1;; ++sequence) {
      const std::string body = R"({"seq":)" + std::to_string(sequence) + "}";
      const auto reply =
          requests.request({.subject = "$JS.API.STREAM.MSG.GET.aether=ev=a", .data = body});
      if (!reply) throw std::runtime_error(reply.error().message);
      const auto found = nlohmann::json::parse(reply->data());
      if (!found.contains("message")) return names;
      std::string block;
      EXPECT_TRUE(decode_base64(block, found["message"].value("hdrs", ""), Base64::standard));
      for (std::size_t at = block.find("\r\n"); at + 2 < block.size();
           at = block.find("\r\n", at + 2)) {
        const std::string_view line = std::string_view(block).substr(at + 2);
        if (!line.starts_with("\r\n")) names.emplace(line.substr(0, line.find(':')));
      }
    }
  }

  const Namespace inner_ = *Namespace::parse("a");
  const Namespace outer_ = *Namespace::parse("a.b");
  tests::NatsServer server_{{.version = GetParam()}};
  Watcher watcher_{server_.url()};
  std::shared_ptr<Connection> connection_ = *connect({.urls = {server_.url()}});
  std::unique_ptr<Store> store_ = open_store(inner_);
  std::unique_ptr<Store> other_ = open_store(outer_);
};

INSTANTIATE_TEST_SUITE_P(Versions, HostileNamesTest, tests::kVersions, tests::version_name);

TEST_P(HostileNamesTest, OddNamesRoundTripAndStayInTheirNamespace) {
  std::set<std::string> actors;
  for (const std::string& name : odd_names()) {
    actors.insert(name);
    const Event event{.event_type = name, .actor_id = name, .metadata = {{name, name}}};

    ASSERT_THAT(store_->append(event), Succeeds()) << name;

    const auto events = store_->read(name);
    ASSERT_THAT(events, Succeeds()) << name;
    ASSERT_EQ(events->size(), 1U) << name;
    EXPECT_EQ(events->front()->actor_id, name);
    EXPECT_EQ(events->front()->event_type, name);
    EXPECT_EQ(events->front()->metadata, (Metadata{{name, name}}));
    EXPECT_EQ(store_->latest_version(name), Version{1}) << name;
    EXPECT_EQ(other_->latest_version(name), Version{0}) << name;
    const auto page = store_->read_all({.category = std::string(category_of(name))}, 0, 1'000);
    ASSERT_THAT(page, Succeeds()) << name;
    EXPECT_THAT(page->events,
                Contains(::testing::Pointee(::testing::Field(&Event::actor_id, name))));
    testing::Collector seen;
    const auto subscription = store_->subscribe({.actor_id = name}, 0, seen.handler());
    ASSERT_THAT(subscription, Succeeds()) << name;
    EXPECT_TRUE(seen.wait_for(1)) << name;
  }
  EXPECT_THAT(other_->read_all({}, 0, 1'000)->events, IsEmpty());
  EXPECT_EQ(store_->read_all({}, 0, 1'000)->events.size(), odd_names().size());
  expect_only(actors);
}

TEST_P(HostileNamesTest, ImpossibleNamesAreRefusedAndReachNothing) {
  for (const std::string& name : impossible_names()) {
    const Event good{.event_type = "Placed", .actor_id = "order-1"};
    Event event = good;
    event.actor_id = name;
    EXPECT_THAT(store_->append(event), FailsWith(Errc::invalid_argument)) << name;
    event = good;
    event.event_type = name;
    EXPECT_THAT(store_->append(event), FailsWith(Errc::invalid_argument)) << name;
    event = good;
    event.metadata = {{name, "x"}};
    EXPECT_THAT(store_->append(event), FailsWith(Errc::invalid_argument)) << name;

    // There is no such actor, and no harm in asking.
    EXPECT_EQ(store_->latest_version(name).value_or(0), 0U) << name;
    EXPECT_THAT(store_->read(name).value_or(std::vector<EventPtr>()), IsEmpty()) << name;
    if (name.empty()) continue;  // an empty filter is none
    for (const Filter& filter : {Filter{.actor_id = name}, Filter{.category = name}}) {
      EXPECT_THAT(store_->read_all(filter, 0, 10).value_or(Page()).events, IsEmpty()) << name;
      const auto subscription = store_->subscribe(filter, 0, [](const EventPtr&) { FAIL(); });
      if (!subscription) {
        EXPECT_EQ(subscription.error().code, Errc::invalid_argument) << name;
      }
    }
  }
  EXPECT_THAT(store_->read_all({}, 0, 1'000)->events, IsEmpty());
  expect_only({});
}

TEST_P(HostileNamesTest, NoMetadataBecomesAHeaderButTheTrace) {
  const std::string name = "Nats-Rollup: all";
  for (const std::string& value : {"a\r\nNats-Rollup: all"s, "a\nb"s, "a\rb"s, "a\0b"s}) {
    const Event event{
        .event_type = "Placed", .actor_id = "order-1", .metadata = {{"traceparent", value}}};
    EXPECT_THAT(store_->append(event), FailsWith(Errc::invalid_argument)) << value;
  }
  for (const std::string& value :
       {""s, " "s, ":"s, "Nats-Rollup: all"s, " x "s, "€"s, "a: b"s, std::string(70'000, 'x')}) {
    const Event event{.event_type = "Placed",
                      .actor_id = "order-1",
                      .metadata = {{"traceparent", value}, {name, value}, {"Nats-Msg-Id", value}}};
    ASSERT_THAT(store_->append(event), Succeeds()) << value;
    const auto events = store_->read("order-1");
    ASSERT_THAT(events, Succeeds()) << value;
    EXPECT_EQ(events->back()->metadata, event.metadata) << value;
  }
  EXPECT_EQ(store_->read("order-1")->size(), 8U);
  EXPECT_EQ(header_names(),
            (std::set<std::string>{"Aether-Count", "Aether-Format", "Aether-Hash", "Aether-Version",
                                   "Nats-Expected-Last-Subject-Sequence", "Nats-Expected-Stream",
                                   "traceparent"}));
  expect_only({"order-1"});
}

TEST_P(HostileNamesTest, ANamespaceThatIsOneIsApartFromAllOthers) {
  for (const std::string text :
       {"", ".", "a.", ".a", "a..b", "*", ">", "a.*", "a.>", "a b", "a\r\nPUB evil 0\r\n", "a\tb",
        "a=b", "$JS", "$JS.API", "ä", "a/b", "a\\b", "a.b.c.d.e.f.g.h.i"}) {
    EXPECT_FALSE(Namespace::parse(text)) << text;
  }
  EXPECT_FALSE(Namespace::parse("a\0b"s));
  EXPECT_FALSE(Namespace::parse(repeat("x", 65)));

  ASSERT_THAT(other_->append({.event_type = "Placed", .actor_id = "c"}), Succeeds());
  ASSERT_THAT(store_->append({.event_type = "Placed", .actor_id = "b.c.c"}), Succeeds());

  EXPECT_EQ(store_->read_all({}, 0, 10)->events.size(), 1U);
  EXPECT_EQ(other_->read_all({}, 0, 10)->events.size(), 1U);
}

TEST_P(HostileNamesTest, ANamespaceMayBeAsLongAsAStreamsName) {
  const auto name = [](std::size_t bytes) {  // of tokens of 64 bytes, and of what remains
    std::string text = repeat("x", bytes);
    for (std::size_t dot = 64; dot < bytes; dot += 65) text[dot] = '.';
    return *Namespace::parse(text);
  };
  const std::size_t longest = 255 - event_stream_name(name(1)).size() + 1;
  const std::string actor = repeat("€", 85);

  ASSERT_THAT(open_store(name(longest))->append({.event_type = "Placed", .actor_id = actor}),
              Succeeds());

  EXPECT_THAT(open_store(name(longest))->latest_version(actor), Succeeds());
  const auto refused = open(connection_, name(longest + 1));
  ASSERT_THAT(refused, FailsWith(Errc::invalid_argument));
  EXPECT_THAT(refused.error().message, HasSubstr("choose a shorter one"));
}

/// A name of bytes that have a meaning somewhere, and of others; mostly of none that are refused.
std::string random_name(std::mt19937_64& random) {
  static const std::vector<std::string> pieces{
      ".",       "*",          ">",   " ", "-", "=",     "$", "_",  "$JS.API.",
      "_INBOX.", "PUB evil 0", "a",   "B", "7", "order", "ä", "€",  "\xF0\x9F\x98\x80",
      "\"",      "\\",         "{",   "}", ":", "/",     "%", "\t", "\r\nPUB evil 0\r\n\r\n",
      "\n",      "\0"s,        "\xFF"};
  constexpr std::size_t kRefused = 5;  // the last ones
  const std::size_t some = random() % 8 == 0 ? pieces.size() : pieces.size() - kRefused;
  std::string name;
  for (std::size_t count = 1 + random() % 10; count > 0; --count) name += pieces[random() % some];
  return name;
}

TEST_P(HostileNamesTest, RandomNamesRoundTripOrAreRefused) {
  constexpr std::size_t kEvents = 3'000;
  std::mt19937_64 random(1);
  std::map<std::string, Event> kept;  // by id
  std::set<std::string> actors;
  std::mutex mutex;  // guards the two
  std::atomic<std::size_t> completed = 0;
  for (std::size_t i = 0; i < kEvents; ++i) {
    const Event event{
        .id = std::to_string(i),
        .event_type = random() % 2 == 0 ? "Placed" : random_name(random),
        .actor_id = random_name(random),
        .metadata = {{random() % 2 == 0 ? "key" : random_name(random), random_name(random)}}};
    Store& store = *store_;
    store.append_async({event}, {}, [&, event](const Result<Appended>& appended) {
      const std::scoped_lock lock(mutex);
      if (appended) {
        kept.emplace(event.id, event);
        actors.insert(event.actor_id);
      } else {
        EXPECT_EQ(appended.error().code, Errc::invalid_argument) << appended.error().message;
      }
      ++completed;
    });
  }
  const bool is_complete = testing::eventually([&] { return completed == kEvents; });
  if (!is_complete) store_.reset();  // waits for the completions, which use what is here
  ASSERT_TRUE(is_complete);

  EXPECT_GT(kept.size(), kEvents / 10);
  EXPECT_LT(kept.size(), kEvents - kEvents / 10);
  const auto page = store_->read_all({}, 0, kEvents);
  ASSERT_THAT(page, Succeeds());
  EXPECT_EQ(page->events.size(), kept.size());
  for (const EventPtr& event : page->events) {
    const Event& expected = kept.at(event->id);
    EXPECT_EQ(event->actor_id, expected.actor_id);
    EXPECT_EQ(event->event_type, expected.event_type);
    EXPECT_EQ(event->metadata, expected.metadata);
  }
  EXPECT_THAT(other_->read_all({}, 0, 1'000)->events, IsEmpty());
  expect_only(actors);
}

}  // namespace
}  // namespace aether::nats
