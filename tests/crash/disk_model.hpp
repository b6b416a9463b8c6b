// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "random.hpp"
#include "recorder.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace aether::crash {

/// What a power cut may leave: names and contents.
using Image = std::map<std::string, std::vector<std::byte>>;

/// What becomes of the operations that were not synced when the power went.
enum class Fate {
  none,    ///< none of them reached the disk
  all,     ///< all did
  random,  ///< each by itself: lost, whole, or torn
};

/// A disk that keeps what was synced and nothing else for sure.
///
/// - A sync of a file makes its writes and truncates so far certain, contents and size.
/// - Until then each of them, independently and so in any order, is lost or whole; a write may also
///   be torn: some of its 512-byte sectors arrive, the others keep what was there. A sector itself
///   is atomic, and a write leaves the bytes around it alone (as SQLite supposes: powersafe
///   overwrite). Where a file grew over what did not arrive there are zeros or, as on file systems
///   that journal sizes only, rubbish.
/// - A file's name comes and goes with the folder: creations and removals are certain once the
///   folder was synced, and until then each is lost or not, independently. A sync of the file alone
///   does not keep its name (POSIX promises no more). A removed file whose removal is lost comes
///   back with the contents it had.
/// - A sync that fails leaves its writes uncertain for ever: the system takes them for written, so
///   that no later sync does them again, and every reader sees them until the power goes.
/// - What is certain never changes by itself: no bit rot, no lying disk.
class DiskModel {
 public:
  void apply(const Record& record);

  [[nodiscard]] Image image(Fate fate, Random& random);

  /// Whether anything is uncertain, so that images differ.
  [[nodiscard]] bool uncertain() const;

  /// Writes torn so far in images.
  [[nodiscard]] std::uint64_t torn_writes() const { return torn_writes_; }

 private:
  struct Change {
    enum class State { unsynced, doomed, certain };
    bool is_truncate = false;
    std::size_t offset = 0;  // or the size
    std::vector<std::byte> data{};
    State state = State::unsynced;
  };
  struct File {
    std::vector<std::byte> certain;
    std::vector<Change> pending;  // certain only where a doomed one stands before it
  };
  struct Entry {
    std::string name;
    int file = 0;  // 0: removed
  };

  static void sync(File& file);
  static void apply_whole(std::vector<std::byte>& bytes, const Change& change);
  void tear(std::vector<std::byte>& bytes, const Change& change, Random& random);
  std::vector<std::byte> contents(const File& file, Fate fate, Random& random);

  std::map<int, File> files_;
  std::map<std::string, int> names_;  // certain
  std::vector<Entry> pending_names_;
  std::uint64_t torn_writes_ = 0;
};

}  // namespace aether::crash
