// SPDX-License-Identifier: Apache-2.0
#include "aether/core/envelope.hpp"
#include "made_events.hpp"
#include "rows.hpp"

#include <string>

namespace aether::bench {
namespace {

constexpr std::uint64_t kAtOnce = 1'000;
constexpr std::uint64_t kWithTotal99Dollars99 = 8'999;

Event sample_event(EventMaker make) {
  return completed(make("order-123", 1, kWithTotal99Dollars99));
}

Probe encode(EventMaker make) {
  return [make](const Budget& budget) -> Result<Sample> {
    const Event event = sample_event(make);
    Meter meter(budget);
    while (meter.wants_more()) {
      meter.time(kAtOnce, [&] {
        for (std::uint64_t i = 0; i < kAtOnce; ++i) {
          const std::string text = encode_envelope(event);
          keep(text.data());
        }
      });
    }
    return meter.sample();
  };
}

Probe decode(EventMaker make) {
  return [make](const Budget& budget) -> Result<Sample> {
    const Event event = sample_event(make);
    const std::string text = encode_envelope(event);
    bool good = decode_envelope(text) == event;
    Meter meter(budget);
    while (meter.wants_more()) {
      meter.time(kAtOnce, [&] {
        for (std::uint64_t i = 0; i < kAtOnce; ++i) good &= decode_envelope(text).has_value();
      });
    }
    if (!good) return fail(Errc::corrupt, "an envelope was not read as it was written");
    return meter.sample();
  };
}

}  // namespace

std::vector<Row> envelope_rows(const Setting& setting) {
  return {
      {.name = "envelope/encode",
       .statement = "an event to its JSON envelope of 190 B",
       .ours = encode(order_placed),
       .reference_name = "Go",
       .reference = setting.go.probe("encode"),
       .goal = {Goal::Kind::faster, 8}},
      {.name = "envelope/decode",
       .statement = "and back, all of it checked",
       .ours = decode(order_placed),
       .reference_name = "Go",
       .reference = setting.go.probe("decode"),
       .goal = {Goal::Kind::faster, 8}},
      {.name = "envelope/encode-nested",
       .statement = "nested data (4 fields, an array of two objects), 300 B",
       .ours = encode(nested_order),
       .reference_name = "Go",
       .reference = setting.go.probe("encode-nested")},
      {.name = "envelope/decode-nested",
       .statement = "and back; Go makes a map of it, Aether keeps the text",
       .ours = decode(nested_order),
       .reference_name = "Go",
       .reference = setting.go.probe("decode-nested")},
  };
}

}  // namespace aether::bench
