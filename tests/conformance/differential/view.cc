#include "tests/conformance/differential/view.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <regex>
#include <sstream>

#include "base/error.h"

namespace berth::test {
namespace {

// Ids and device numbers are the kernel's, group numbers too: that there is a group is what counts.
std::string normal_mount(const std::string& line) {
  std::istringstream words(line);
  std::string id, parent, device, rest, word;
  words >> id >> parent >> device;
  static const std::regex group(R"((shared|master|propagate_from):\d+)");
  while (words >> word) {
    rest += (rest.empty() ? "" : " ") + std::regex_replace(word, group, "$1");
  }
  return rest;
}

// `mnt -> mnt:[1]`: whose it is. This process is on the host.
std::string normal_namespace(const std::string& line, const std::string& first) {
  static const std::regex pattern(R"((\S+) -> (\S+:\[\d+\]))");
  std::smatch match;
  if (!std::regex_match(line, match, pattern)) return line;
  std::error_code none;
  const auto here = std::filesystem::read_symlink("/proc/self/ns/" + match[1].str(), none);
  const bool shared = first.find("\n" + line + "\n") != std::string::npos;
  return match[1].str() + (here == match[2].str() ? " the host's"
                           : shared               ? " the container's"
                                                  : " its own");
}

std::string normal(const std::string& section, const std::string& line, const std::string& first) {
  if (section == "mountinfo") return normal_mount(line);
  if (section == "namespaces") return normal_namespace(line, first);
  if (!line.starts_with("keyring serial")) return line;
  return first.find("\n" + line + "\n") != std::string::npos ? "the container's keyring"
                                                             : "another keyring";
}

void replace_all(std::string& text, const std::string& what, const std::string& by) {
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
}

}  // namespace

View view(const std::string& text, const std::string& first, const Names& names) {
  View view;
  std::string section;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('@')) {
      section = line.substr(1);
      view[section];
      continue;
    }
    if (section.empty()) throw Error("a report begins with a section, not with '" + line + "'");
    line = normal(section, line, first);
    for (const auto& [what, by] : names) replace_all(line, what, by);
    view[section].push_back(line);
  }
  if (view.empty()) throw Error("an empty report");
  return view;
}

std::vector<std::string> differences(const std::string& who, const View& one,
                                     const std::string& other_who, const View& other) {
  std::vector<std::string> found;
  const auto lacking = [&](const std::string& whose, const View& here, const View& there) {
    for (const auto& [section, lines] : here) {
      const auto match = there.find(section);
      std::vector<std::string> left =
          match == there.end() ? std::vector<std::string>{} : match->second;
      if (section == "environment" && lines != left) {
        for (const std::string& line : lines) found.push_back(whose + " " + section + ": " + line);
        continue;
      }
      for (const std::string& line : lines) {
        const auto same = std::find(left.begin(), left.end(), line);
        if (same != left.end()) {
          left.erase(same);
        } else {
          found.push_back(whose + " " + section + ": " + line);
        }
      }
    }
  };
  lacking(who, one, other);
  lacking(other_who, other, one);
  return found;
}

}  // namespace berth::test
