// SPDX-License-Identifier: Apache-2.0
#include "disk_model.hpp"

#include <algorithm>
#include <ranges>
#include <span>

namespace aether::crash {
namespace {

constexpr std::size_t kSector = 512;

// The file reaches `size`; what lies between was never written.
void grow(std::vector<std::byte>& bytes, std::size_t size) {
  if (bytes.size() < size) bytes.resize(size);
}

void copy_to(std::vector<std::byte>& bytes, std::size_t offset, std::span<const std::byte> data) {
  grow(bytes, offset + data.size());
  std::ranges::copy(data, bytes.begin() + static_cast<std::ptrdiff_t>(offset));
}

}  // namespace

void DiskModel::apply(const Record& record) {
  switch (record.kind) {
    case Record::Kind::create:
      files_[record.file];
      pending_names_.push_back({record.name, record.file});
      break;
    case Record::Kind::write:
      files_[record.file].pending.push_back(
          {.offset = static_cast<std::size_t>(record.offset), .data = record.data});
      break;
    case Record::Kind::truncate:
      files_[record.file].pending.push_back(
          {.is_truncate = true, .offset = static_cast<std::size_t>(record.size)});
      break;
    case Record::Kind::sync:
      sync(files_[record.file]);
      break;
    case Record::Kind::failed_sync:
      for (Change& change : files_[record.file].pending) {
        if (change.state == Change::State::unsynced) change.state = Change::State::doomed;
      }
      break;
    case Record::Kind::remove:
      pending_names_.push_back({record.name, 0});
      break;
    case Record::Kind::sync_folder:
      for (const Entry& entry : pending_names_) names_[entry.name] = entry.file;
      pending_names_.clear();
      break;
  }
}

bool DiskModel::uncertain() const {
  return !pending_names_.empty() ||
         std::ranges::any_of(files_, [](const auto& file) { return !file.second.pending.empty(); });
}

void DiskModel::sync(File& file) {
  const auto doomed = std::ranges::find(file.pending, Change::State::doomed, &Change::state);
  for (auto change = file.pending.begin(); change != doomed; ++change) {
    apply_whole(file.certain, *change);
  }
  file.pending.erase(file.pending.begin(), doomed);
  for (Change& change : file.pending) {
    if (change.state == Change::State::unsynced) change.state = Change::State::certain;
  }
}

Image DiskModel::image(Fate fate, Random& random) {
  std::map<std::string, int> names = names_;
  for (const Entry& entry : pending_names_) {
    if (fate == Fate::all || (fate == Fate::random && random.coin())) {
      names[entry.name] = entry.file;
    }
  }
  Image image;
  for (const auto& [name, file] : names) {
    if (file != 0) image[name] = contents(files_[file], fate, random);
  }
  return image;
}

std::vector<std::byte> DiskModel::contents(const File& file, Fate fate, Random& random) {
  std::vector<std::byte> bytes = file.certain;
  for (const Change& change : file.pending) {
    const bool certain = change.state == Change::State::certain;
    if (fate == Fate::none && !certain) continue;
    const std::uint64_t outcome = fate == Fate::all || certain ? 0 : random.below(3);
    if (outcome == 0 || (outcome == 1 && change.is_truncate && random.coin())) {
      apply_whole(bytes, change);
    } else if (outcome == 1 && !change.is_truncate) {
      tear(bytes, change, random);
    }
  }
  return bytes;
}

void DiskModel::apply_whole(std::vector<std::byte>& bytes, const Change& change) {
  if (change.is_truncate) {
    bytes.resize(change.offset);
  } else {
    copy_to(bytes, change.offset, change.data);
  }
}

void DiskModel::tear(std::vector<std::byte>& bytes, const Change& change, Random& random) {
  const std::size_t old_size = bytes.size();
  const bool size_arrives = random.coin();
  const bool rubbish = random.coin();
  const std::size_t end = change.offset + change.data.size();
  if (size_arrives) grow(bytes, end);
  bool lost_some = false;
  for (std::size_t begin = change.offset; begin < end;) {
    const std::size_t next = std::min(end, (begin / kSector + 1) * kSector);
    if (random.coin()) {
      copy_to(bytes, begin, std::span(change.data).subspan(begin - change.offset, next - begin));
    } else {
      lost_some = true;
      if (rubbish) {
        for (std::size_t at = std::max(begin, old_size); at < std::min(next, bytes.size()); ++at) {
          bytes[at] = static_cast<std::byte>(random.next() & 0xffU);
        }
      }
    }
    begin = next;
  }
  if (lost_some) ++torn_writes_;
}

}  // namespace aether::crash
