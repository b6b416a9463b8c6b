// SPDX-License-Identifier: Apache-2.0
#include "core/runnable.hpp"

#include "core/text.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

namespace aether {

bool is_runnable(pid_t thread) {
  const int file = open(concat("/proc/self/task/", thread, "/stat").c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  std::array<char, 64> text{};  // "ID (NAME) STATE …", the name at most 15 long
  const ssize_t size = read(file, text.data(), text.size());
  close(file);
  const std::string_view stat(text.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  const auto name_end = stat.rfind(')');
  return name_end != std::string_view::npos && stat.substr(name_end).starts_with(") R");
}

}  // namespace aether
