// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

namespace aether::tests {

/// A new folder, removed with its contents when this is destroyed.
class TemporaryFolder {
 public:
  enum class Place {
    memory,  ///< /dev/shm, where there is one: for tests that need no disk
    disk     ///< where the system, or TMPDIR, puts temporary files
  };

  explicit TemporaryFolder(Place place = Place::memory) {
    std::error_code none;
    const std::filesystem::path memory = "/dev/shm";
    const bool in_memory = place == Place::memory && std::filesystem::is_directory(memory, none);
    const auto parent = in_memory ? memory : std::filesystem::temp_directory_path();
    path_ = (parent / "aether-test-XXXXXX").string();
    if (mkdtemp(path_.data()) == nullptr) std::abort();
  }
  ~TemporaryFolder() {
    std::error_code none;
    std::filesystem::remove_all(path_, none);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }

  /// Removes all that is in it.
  void clear() const {
    for (const auto& entry : std::filesystem::directory_iterator(path_)) {
      std::filesystem::remove_all(entry.path());
    }
  }

 private:
  std::string path_;
};

}  // namespace aether::tests
