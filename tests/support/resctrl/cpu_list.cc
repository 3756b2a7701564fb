#include "tests/support/resctrl/cpu_list.h"

#include <fmt/format.h>
#include <strings.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdint>
#include <iterator>
#include <limits>

#include "tests/support/resctrl/kernel_text.h"

namespace berth::test::resctrl {

namespace {

bool ends_region(char c) {
  return c == ',' || std::isspace(static_cast<unsigned char>(c)) != 0;
}

// The text up to the end or the first newline: what both readers look at.
std::string_view one_line(std::string_view text) {
  text = until_nul(text);
  return text.substr(0, text.find('\n'));
}

// Reads the piece of a list that `text` begins with and goes past it.
class Region {
 public:
  Region(std::string_view& text, unsigned possible) : text_(text), last_(possible - 1) {}

  int read() {
    if (text_.size() >= 3 && ::strncasecmp(text_.data(), "all", 3) == 0) {
      end = last_;
      text_.remove_prefix(3);
      return pattern();
    }
    if (const int error = number(start)) return error;
    if (at_end()) {
      end = start;
      return whole();
    }
    if (text_[0] != '-') return EINVAL;
    text_.remove_prefix(1);
    if (const int error = number(end)) return error;
    return pattern();
  }

  unsigned start = 0, end = 0, used = 0, group = 0;

 private:
  bool at_end() const { return text_.empty() || ends_region(text_[0]); }

  int number(unsigned& value) {
    if (!text_.empty() && text_[0] == 'N') {
      value = last_;
      text_.remove_prefix(1);
      return 0;
    }
    const auto digits = static_cast<size_t>(
        std::find_if(text_.begin(), text_.end(), [](char c) { return c < '0' || c > '9'; }) -
        text_.begin());
    if (digits == 0) return EINVAL;
    uint64_t read = 0;
    const uint64_t most = std::numeric_limits<unsigned>::max();
    if (read_number(text_.substr(0, digits), 10, most, read) != 0) return EOVERFLOW;
    value = static_cast<unsigned>(read);
    text_.remove_prefix(digits);
    return 0;
  }

  int whole() {
    used = group = end + 1;
    return 0;
  }

  int pattern() {
    if (at_end()) return whole();
    if (text_[0] != ':') return EINVAL;
    text_.remove_prefix(1);
    if (const int error = number(used)) return error;
    if (text_.empty() || text_[0] != '/') return EINVAL;
    text_.remove_prefix(1);
    return number(group);
  }

  std::string_view& text_;
  unsigned last_;
};

}  // namespace

int read_cpu_mask(std::string_view text, unsigned possible, Cpus& cpus) {
  text = one_line(text);
  Cpus result;
  unsigned chunks = (possible + 31) / 32;
  for (unsigned base = 0;; base += 32) {
    while (!text.empty() && ends_region(text.back())) text.remove_suffix(1);
    if (text.empty()) break;
    if (chunks-- == 0) return EOVERFLOW;
    for (unsigned nibble = 0; !text.empty() && !ends_region(text.back()); ++nibble) {
      const char c = text.back();
      if (std::isxdigit(static_cast<unsigned char>(c)) == 0) {
        if (nibble < 8) return EINVAL;
        text.remove_suffix(1);  // the kernel swallows what is before eight digits, whatever it is
        break;
      }
      if (nibble == 8) return EOVERFLOW;
      const auto value = static_cast<unsigned>(std::stoul(std::string(1, c), nullptr, 16));
      for (unsigned bit = 0; bit < 4; ++bit) {
        if ((value >> bit & 1) != 0) result.insert(base + 4 * nibble + bit);
      }
      text.remove_suffix(1);
    }
  }
  if (!result.empty() && *result.rbegin() >= possible) return EOVERFLOW;
  cpus = std::move(result);
  return 0;
}

int read_cpu_list(std::string_view text, unsigned possible, Cpus& cpus) {
  text = one_line(text);
  Cpus result;
  while (true) {
    while (!text.empty() && ends_region(text.front())) text.remove_prefix(1);
    if (text.empty()) break;
    Region region(text, possible);
    if (const int error = region.read()) return error;
    if (region.start > region.end || region.group == 0 || region.used > region.group) return EINVAL;
    if (region.end >= possible) return ERANGE;
    for (unsigned cpu = region.start; cpu <= region.end; ++cpu) {
      if ((cpu - region.start) % region.group < region.used) result.insert(cpu);
    }
  }
  cpus = std::move(result);
  return 0;
}

std::string cpu_mask_text(const Cpus& cpus, unsigned possible) {
  std::string text;
  for (unsigned end = possible; end > 0;) {
    const unsigned bits = end % 32 == 0 ? 32 : end % 32, begin = end - bits;
    uint32_t word = 0;
    for (unsigned bit = 0; bit < bits; ++bit) {
      if (cpus.contains(begin + bit)) word |= uint32_t{1} << bit;
    }
    text += fmt::format("{}{:0{}x}", text.empty() ? "" : ",", word, (bits + 3) / 4);
    end = begin;
  }
  return text;
}

std::string cpu_list_text(const Cpus& cpus) {
  std::string text;
  for (auto at = cpus.begin(); at != cpus.end();) {
    const unsigned first = *at;
    unsigned last = first;
    for (++at; at != cpus.end() && *at == last + 1; ++at) last = *at;
    if (!text.empty()) text += ',';
    text += first == last ? fmt::format("{}", first) : fmt::format("{}-{}", first, last);
  }
  return text;
}

Cpus without(const Cpus& these, const Cpus& those) {
  Cpus result;
  std::set_difference(these.begin(), these.end(), those.begin(), those.end(),
                      std::inserter(result, result.end()));
  return result;
}

Cpus both(const Cpus& these, const Cpus& those) {
  Cpus result;
  std::set_intersection(these.begin(), these.end(), those.begin(), those.end(),
                        std::inserter(result, result.end()));
  return result;
}

}  // namespace berth::test::resctrl
