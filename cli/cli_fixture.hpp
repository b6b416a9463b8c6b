// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "program.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace aether::cli::testing {

/// A folder of its own, with one database in it.
class CliTest : public ::testing::Test {
 protected:
  using Json = nlohmann::ordered_json;

  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "aether-cli-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    std::filesystem::permissions(folder_, std::filesystem::perms::all);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::string path(const std::string& name) const { return folder_ + "/" + name; }
  [[nodiscard]] std::string database() const { return path("events.db"); }
  [[nodiscard]] std::string store() const { return "sqlite:" + database(); }

  /// Arguments with the store in front.
  [[nodiscard]] std::vector<std::string> with_store(std::vector<std::string> args) const {
    args.insert(args.begin(), {"--store", store()});
    return args;
  }
  [[nodiscard]] Finished aether(const std::vector<std::string>& args,
                                const RunOptions& options = {}) const {
    return run(with_store(args), options);
  }
  void append(const std::string& actor_id, const std::string& type,
              const std::string& data = "null") const {
    const auto done = aether({"append", actor_id, type, data});
    ASSERT_EQ(done.exit_code, 0) << done.err;
  }
  /// order-1 with three events, order-2 with one between them.
  void append_orders() const {
    append("order-1", "OrderPlaced", R"({"total":10})");
    append("order-2", "OrderPlaced", R"({"total":20})");
    append("order-1", "OrderPaid", R"({"paid":10})");
    append("order-1", "OrderShipped", R"({"by":"ship"})");
  }
  [[nodiscard]] std::string digest() const {
    std::string line = aether({"digest"}).out;
    line.pop_back();
    return line;
  }
  void write(const std::string& name, const std::string& content) const {
    std::ofstream(path(name)) << content;
  }

  static std::vector<std::string> lines(const std::string& text) {
    std::vector<std::string> result;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) result.push_back(line);
    return result;
  }
  static std::vector<Json> objects(const std::string& text) {
    std::vector<Json> result;
    for (const auto& line : lines(text)) result.push_back(Json::parse(line));
    return result;
  }

 private:
  std::string folder_;
};

}  // namespace aether::cli::testing
