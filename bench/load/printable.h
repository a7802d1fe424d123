// What of a server's words can be shown in an error.
#pragma once

#include <string>
#include <string_view>

namespace firn {

/** The first 80 bytes; what is not printable ASCII becomes a full stop. */
inline std::string printable(std::string_view text) {
  std::string line(text.substr(0, 80));
  for (char& c : line) c = c >= ' ' && c <= '~' ? c : '.';
  return line;
}

}  // namespace firn
