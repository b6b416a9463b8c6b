// SPDX-License-Identifier: Apache-2.0
#include "crash_images.hpp"

#include "disk_model.hpp"
#include "open_store.hpp"
#include "temporary_folder.hpp"

#include <fstream>
#include <functional>
#include <string_view>
#include <unordered_set>

namespace aether::crash {
namespace {

using tests::TemporaryFolder;

void write_files(const TemporaryFolder& folder, const Image& image) {
  folder.clear();
  for (const auto& [name, bytes] : image) {
    std::ofstream file(folder.file(name), std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
  }
}

std::size_t fingerprint(const Image& image, const Progress& progress) {
  const std::hash<std::string_view> hash;
  std::size_t sum = progress.commits_acked * 1'000'003 + progress.snapshots_acked;
  for (const auto& [name, bytes] : image) {
    sum = sum * 31 + hash(name);
    sum = sum * 31 +
          hash(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  }
  return sum;
}

std::vector<Presence> presence_of(std::size_t acked, std::size_t begun) {
  std::vector<Presence> presence(begun, Presence::either);
  std::fill_n(presence.begin(), acked, Presence::present);
  return presence;
}

class Trial {
 public:
  Trial(const Recording& recording, const ImageOptions& options)
      : recording_(recording), options_(options), random_(options.seed ^ 0xd15cU) {}

  ImageTotals run() {
    const std::size_t possible = recording_.records.size() * (2 + options_.random_images);
    for (std::size_t i = 0; i < recording_.records.size(); ++i) {
      disk_.apply(recording_.records[i]);
      if (random_.below(possible) >= options_.max_images) continue;
      ++totals_.crash_points;
      // The power goes just before the next operation: all that was promised until then counts.
      const bool last = i + 1 == recording_.records.size();
      try_images(last ? recording_.end : recording_.records[i + 1].progress);
    }
    totals_.torn_writes = disk_.torn_writes();
    return totals_;
  }

 private:
  void try_images(const Progress& progress) {
    try_image(Fate::none, progress);
    if (!disk_.uncertain()) return;
    try_image(Fate::all, progress);
    for (unsigned i = 0; i < options_.random_images; ++i) try_image(Fate::random, progress);
  }

  void try_image(Fate fate, const Progress& progress) {
    const Image image = disk_.image(fate, random_);
    if (!seen_.insert(fingerprint(image, progress)).second) {
      ++totals_.repeats;
      return;
    }
    ++totals_.images;
    write_files(folder_, image);
    const Complaints complaints = check(progress);
    if (complaints.empty()) return;
    if (complaints.count(Complaints::Kind::lost) != 0) {
      ++totals_.with_loss;
    } else {
      ++totals_.with_corruption;
    }
    if (totals_.first.empty()) {
      totals_.first = "seed " + std::to_string(options_.seed) + ", crash point " +
                      std::to_string(totals_.crash_points) + ":\n" + complaints.text();
    }
  }

  Complaints check(const Progress& progress) {
    Expectation expectation{
        .commits = std::span(recording_.commits).first(progress.commits_begun),
        .presence = presence_of(progress.commits_acked, progress.commits_begun),
        .positions = {recording_.positions.begin(),
                      recording_.positions.begin() +
                          static_cast<std::ptrdiff_t>(progress.commits_begun)},
        .gapless = true,
        .snapshots = std::span(recording_.snapshots).first(progress.snapshots_begun),
        .snapshot_presence = presence_of(progress.snapshots_acked, progress.snapshots_begun)};
    Complaints complaints;
    const std::string path = folder_.file("events.db");
    {
      const auto store = open_store(path);
      if (!store) {
        complaints.add(Complaints::Kind::corrupt, "open: " + store.error().message);
        return complaints;
      }
      const auto events = read_everything(**store, complaints);
      const auto there = check_events(events, expectation, complaints);
      // A store that is seen to be damaged is not examined further: images are many.
      if (complaints.empty()) check_store(**store, events, expectation, complaints);
      if (complaints.empty()) check_goes_on(**store, expectation, there, complaints);
    }
    check_integrity(path, complaints);
    return complaints;
  }

  const Recording& recording_;
  ImageOptions options_;
  Random random_;
  DiskModel disk_;
  TemporaryFolder folder_;
  std::unordered_set<std::size_t> seen_;
  ImageTotals totals_;
};

}  // namespace

ImageTotals& ImageTotals::operator+=(const ImageTotals& other) {
  crash_points += other.crash_points;
  images += other.images;
  repeats += other.repeats;
  torn_writes += other.torn_writes;
  with_loss += other.with_loss;
  with_corruption += other.with_corruption;
  if (first.empty()) first = other.first;
  return *this;
}

std::string ImageTotals::text() const {
  return std::to_string(images) + " images at " + std::to_string(crash_points) + " crash points, " +
         std::to_string(torn_writes) + " torn writes: " + std::to_string(with_loss) +
         " with something acknowledged lost, " + std::to_string(with_corruption) +
         " damaged otherwise";
}

ImageTotals try_images(const Recording& recording, const ImageOptions& options) {
  return Trial(recording, options).run();
}

}  // namespace aether::crash
