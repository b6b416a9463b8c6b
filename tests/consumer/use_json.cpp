// SPDX-License-Identifier: Apache-2.0
// A struct to Data and back with aether::json. Exit 0: all is as it should be.
#include "aether/json/json.hpp"

namespace {
struct OrderPlaced {
  double total = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(OrderPlaced, total)
}  // namespace

int main() {
  const auto data = aether::json::encode(OrderPlaced{.total = 99.5});
  if (!data || data->text() != R"({"total":99.5})") return 1;
  const auto order = aether::json::decode<OrderPlaced>(*data);
  return order && order->total > 99 ? 0 : 1;
}
