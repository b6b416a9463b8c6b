// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "nats/inbox.hpp"
#include "nats/nats_server.hpp"
#include "nats/requests.hpp"
#include "testing/waiting.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace aether::nats {

/// How a request ended, where it got a reply.
inline constexpr Errc kFine = Errc{0};

/// Makes completions, and keeps with what they were called, and how often.
class Outcomes {
 public:
  [[nodiscard]] Requests::Completion next() {
    const std::scoped_lock lock(mutex_);
    return [this, number = calls_++, count = 0](const Result<Message>& result) mutable {
      const std::scoped_lock inner(mutex_);
      EXPECT_EQ(++count, 1) << "completion " << number << " was called again";
      codes_.push_back(result ? kFine : result.error().code);
    };
  }

  [[nodiscard]] std::vector<Errc> all() {
    const std::scoped_lock lock(mutex_);
    return codes_;
  }
  [[nodiscard]] long count(Errc code) { return std::ranges::count(all(), code); }

  /// When as many completions were called as were made.
  std::vector<Errc> wait_for_all() {
    EXPECT_TRUE(testing::eventually([&] {
      const std::scoped_lock lock(mutex_);
      return codes_.size() == calls_;
    }));
    return all();
  }

 private:
  std::mutex mutex_;  // guards the rest
  std::size_t calls_ = 0;
  std::vector<Errc> codes_;
};

}  // namespace aether::nats

namespace aether::tests {

/// A server, one connection that asks, and another that answers.
class RequestsTest : public ::testing::TestWithParam<ServerVersion> {
 protected:
  void start_jetstream() { start("", true); }
  void start(const std::string& config = "", bool jetstream = false) {
    server_ = std::make_unique<NatsServer>(
        ServerOptions{.version = GetParam(), .jetstream = jetstream, .config = config});
    const bool has_users = config.contains("users");
    options_ = {.urls = {server_->url()},
                .user = has_users ? "red" : "",
                .password = has_users ? "x" : "",
                .connect_timeout = std::chrono::milliseconds(200),
                .reconnect = {.wait = std::chrono::milliseconds(10),
                              .jitter = std::chrono::milliseconds(0)}};
    asking_ = *nats::Transport::connect(options_);
    answering_ = *nats::Transport::connect(options_);
    use({});
  }

  /// New requests over the same connection.
  void use(const nats::Requests::Options& options) {
    requests_.reset();
    requests_ = *nats::Requests::make(*asking_, options);
  }
  void drop() { requests_.reset(); }

  [[nodiscard]] NatsServer& server() { return *server_; }
  [[nodiscard]] nats::Requests& requests() { return *requests_; }

  void answer(const std::string& subject, std::function<std::string(const nats::Message&)> with) {
    respond(subject, [this, with = std::move(with)](const nats::Message& question) {
      // Fails while the server is down; then nobody waits for it.
      static_cast<void>(
          answering_->publish({.subject = question.reply(), .data = with(question)}).has_value());
    });
  }
  void answer_often(const std::string& subject, int times) {
    respond(subject, [this, times](const nats::Message& question) {
      for (int i = 1; i <= times; ++i) {
        EXPECT_TRUE(answering_->publish({.subject = question.reply(), .data = std::to_string(i)}));
      }
    });
  }
  void silent(const std::string& subject) {
    respond(subject, [](const nats::Message&) {});
  }

 private:
  void respond(const std::string& subject, std::function<void(const nats::Message&)> handler) {
    handles_.push_back(*answering_->subscribe(
        subject, "", [handler = std::move(handler)](const nats::Message& m) { handler(m); }));
    ASSERT_TRUE(answering_->flush(std::chrono::seconds(30)));
  }

  std::unique_ptr<NatsServer> server_;
  nats::ConnectOptions options_;
  std::unique_ptr<nats::Transport> asking_;
  std::unique_ptr<nats::Transport> answering_;
  std::unique_ptr<nats::Requests> requests_;
  std::vector<std::unique_ptr<nats::Handle>> handles_;
};

}  // namespace aether::tests
