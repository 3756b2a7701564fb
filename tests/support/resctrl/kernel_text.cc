#include "tests/support/resctrl/kernel_text.h"

#include <cctype>
#include <cerrno>
#include <limits>

namespace berth::test::resctrl {

namespace {

bool is_space(char c) {
  return std::isspace(static_cast<unsigned char>(c)) != 0;
}

// What digit it is; more than any base where it is none.
unsigned digit_of(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  const char low = static_cast<char>(c | 0x20);
  return low >= 'a' && low <= 'f' ? static_cast<unsigned>(low - 'a' + 10) : 99;
}

unsigned base_of(std::string_view& text, unsigned base) {
  const bool zero = !text.empty() && text[0] == '0';
  const bool x = zero && text.size() > 1 && (text[1] | 0x20) == 'x';
  if (base == 0) base = x && text.size() > 2 && digit_of(text[2]) < 16 ? 16 : zero ? 8 : 10;
  if (base == 16 && x) text.remove_prefix(2);
  return base;
}

}  // namespace

std::string_view stripped(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::string_view cut(std::optional<std::string_view>& rest, char separator) {
  const std::string_view all = rest.value();
  const size_t at = all.find(separator);
  if (at == std::string_view::npos) {
    rest.reset();
    return all;
  }
  rest = all.substr(at + 1);
  return all.substr(0, at);
}

std::string_view until_nul(std::string_view text) {
  return text.substr(0, text.find('\0'));
}

int read_number(std::string_view text, unsigned base, uint64_t most, uint64_t& value) {
  if (!text.empty() && text[0] == '+') text.remove_prefix(1);
  base = base_of(text, base);
  uint64_t result = 0;
  bool overflow = false;
  size_t digits = 0;
  for (; digits < text.size() && digit_of(text[digits]) < base; ++digits) {
    const uint64_t digit = digit_of(text[digits]);
    overflow = overflow || result > (std::numeric_limits<uint64_t>::max() - digit) / base;
    result = result * base + digit;
  }
  if (overflow) return ERANGE;
  if (digits == 0) return EINVAL;
  const std::string_view rest = text.substr(digits);
  if (!rest.empty() && rest != "\n") return EINVAL;
  if (result > most) return ERANGE;
  value = result;
  return 0;
}

int read_integer(std::string_view text, unsigned base, int& value) {
  const bool negative = !text.empty() && text[0] == '-';
  if (negative) text.remove_prefix(1);
  if (negative && !text.empty() && text[0] == '+') return EINVAL;
  uint64_t size = 0;
  const auto most = static_cast<uint64_t>(std::numeric_limits<int>::max());
  const int error = read_number(text, base, most + (negative ? 1 : 0), size);
  if (error != 0) return error;
  value = static_cast<int>(negative ? -static_cast<int64_t>(size) : static_cast<int64_t>(size));
  return 0;
}

}  // namespace berth::test::resctrl
