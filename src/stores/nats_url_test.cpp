// SPDX-License-Identifier: Apache-2.0
#include "aether/stores/url.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aether {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;

NatsUrl at(std::string servers, std::string_view name_space, std::string context = {}) {
  return {.servers = std::move(servers),
          .context = std::move(context),
          .name_space = *Namespace::parse(name_space)};
}

/// As the program does it.
Result<NatsUrl> parse(std::string_view text) {
  auto parsed = parse_store_url(text);
  if (!parsed) return std::unexpected(std::move(parsed.error()));
  return *parsed->nats;
}

std::string refusal_of(std::string_view url) {
  const auto parsed = parse(url);
  EXPECT_FALSE(parsed.has_value()) << url;
  EXPECT_EQ(parsed ? Errc::closed : parsed.error().code, Errc::invalid_argument) << url;
  return parsed ? "" : parsed.error().message;
}

TEST(ParseNatsUrl, NamesServersAndANamespace) {
  EXPECT_EQ(parse("nats://host/orders"), at("nats://host", "orders"));
  EXPECT_EQ(parse("nats://host:4223/prod.eu"), at("nats://host:4223", "prod.eu"));
  EXPECT_EQ(parse("tls://host/orders"), at("tls://host", "orders"));
  EXPECT_EQ(parse("nats://[::1]:4222/orders"), at("nats://[::1]:4222", "orders"));
}

TEST(ParseNatsUrl, TheLoginStandsOnceAndCountsForAllServers) {
  EXPECT_EQ(parse("tls://eva:p@ss@a:1,b,c:3/orders"),
            at("tls://eva:p@ss@a:1,tls://b,tls://c:3", "orders"));
  EXPECT_EQ(parse("nats://token@a/orders"), at("nats://token@a", "orders"));
}

TEST(ParseNatsUrl, NamesAContextOrTakesTheSelectedOne) {
  EXPECT_EQ(parse("nats:orders"), at("", "orders"));
  EXPECT_EQ(parse("nats:prod/orders.eu"), at("", "orders.eu", "prod"));
}

TEST(ParseNatsUrl, TakesSettings) {
  auto expected = at("nats://h", "orders");
  expected.credentials_file = "/etc/a b@c&d.creds";
  expected.ca_file = "ca.pem";
  expected.cert_file = "cert.pem";
  expected.key_file = "key.pem";
  expected.inbox_prefix = "_INBOX_eva";
  expected.replicas = 3;
  expected.max_age = hours(24 * 30);
  expected.broadcast = true;
  EXPECT_EQ(parse("nats://h/orders?creds=/etc/a b%40c%26d.creds&ca=ca.pem&cert=cert.pem&"
                  "key=key.pem&inbox=_INBOX_eva&replicas=3&max_age=30d&broadcast=true"),
            expected);
  EXPECT_EQ(parse("nats:orders?max_age=forever")->max_age, seconds(0));
  EXPECT_EQ(parse("nats:orders?max_age=90m")->max_age, seconds(5'400));
  EXPECT_EQ(parse("nats:orders?broadcast=false")->broadcast, false);
  EXPECT_EQ(parse("nats:prod/orders?nkey=seed")->nkey_seed_file, "seed");
}

TEST(ParseNatsUrl, RefusesSettingsThatMeanNothing) {
  for (const std::string setting : {"",
                                    "user=eva",
                                    "creds",
                                    "creds=",
                                    "=x",
                                    "creds=a&creds=b",
                                    "creds=%zz",
                                    "creds=%4",
                                    "replicas=2",
                                    "replicas=33",
                                    "replicas=",
                                    "replicas=1&replicas=3",
                                    "max_age=0s",
                                    "max_age=-1d",
                                    "max_age=1",
                                    "max_age=1y",
                                    "max_age=d",
                                    "max_age=1dd",
                                    "ca=a&",
                                    "max_age=9223372036854775807d",
                                    "max_age=forever&max_age=1d",
                                    "broadcast=yes",
                                    "broadcast=true&broadcast=true"}) {
    EXPECT_THAT(refusal_of("nats://h/orders?" + setting), HasSubstr("the store \"nats://h/orders"))
        << setting;
  }
}

TEST(ParseNatsUrl, RefusesWhatIsNoNamespace) {
  for (const std::string name : {"a..b", ".a", "a.", "*", ">", "a.*", "a.>", "a b", "a\r\nPUB x 0",
                                 "a\tb", "ä", "a/b", "a.b.c.d.e.f.g.h.i", "a#b", "%61"}) {
    const bool has_slash = name.contains('/');
    EXPECT_THAT(refusal_of("nats://h/" + name), HasSubstr("the namespace \"")) << name;
    if (!has_slash) {
      EXPECT_THAT(refusal_of("nats:" + name), HasSubstr("the namespace \"")) << name;
      EXPECT_THAT(refusal_of("nats:prod/" + name), HasSubstr("the namespace \"")) << name;
    }
  }
}

TEST(ParseNatsUrl, SaysWhatIsMissing) {
  for (const std::string url : {"nats:", "nats://h", "nats://h/", "nats://h:4222?creds=x",
                                "nats:prod/", "nats:?creds=x", "nats://h#orders"}) {
    EXPECT_THAT(refusal_of(url), HasSubstr("names no namespace")) << url;
  }
  for (const std::string url : {"nats:///orders", "nats://a,,b/orders", "nats://u:p@/orders"}) {
    EXPECT_THAT(refusal_of(url), HasSubstr("lacks a server")) << url;
  }
  EXPECT_THAT(refusal_of("tls:orders"), HasSubstr("names no server"));
  EXPECT_THAT(refusal_of("nats:/orders"), HasSubstr("names no context"));
  EXPECT_THAT(refusal_of("nats://a:4222,nats://b:4222/orders"), HasSubstr("second scheme"));
}

TEST(ParseNatsUrl, ShowsNoPieceOfALogin) {
  for (const std::string url :
       {"nats://eva:x9,cret@h/orders", "nats://eva:x9/cret@h/orders", "nats://eva:x9?cret@h/orders",
        "nats://eva:x9#cret@h/orders", "nats://eva:cret@h", "nats://eva:cret@h/a..b",
        "nats://eva:cret@h/orders?creds=", "nats://eva:cret@/orders", "nats:eva:cret@h/orders",
        "tls:eva:cret@h/orders", "nats://eva:cret@h/?x", "nats://a,eva:cret@h/orders",
        "nats://eva:a/b!cret?c@h/orders", "nats://cret@h/ "}) {
    EXPECT_THAT(refusal_of(url), Not(HasSubstr("cret"))) << url;
    EXPECT_THAT(refusal_of(url), Not(HasSubstr("x9"))) << url;
  }
}

TEST(ShownUrl, HidesLoginsAndIsHarmless) {
  EXPECT_EQ(shown_url("nats://h/orders"), "\"nats://h/orders\"");
  EXPECT_EQ(shown_url("tls://eva:p@ss@h/orders"), "\"tls://…@h/orders\"");
  EXPECT_EQ(shown_url("eva:pass@h"), "\"…@h\"");
  EXPECT_EQ(shown_url("nats:\x1b[31m"), "\"nats:\\x1b[31m\"");
  EXPECT_EQ(shown_url("sqlite:a@b.db"), "\"sqlite:a@b.db\"");
}

}  // namespace
}  // namespace aether
