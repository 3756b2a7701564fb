#include "runtime/systemd/value_text.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <limits>
#include <optional>
#include <string>

#include "base/error.h"

namespace berth::runtime::systemd {
namespace {

struct Keyword {
  std::string_view name;
  char type;
};
constexpr auto kKeywords = std::to_array<Keyword>({{"boolean", 'b'},
                                                   {"byte", 'y'},
                                                   {"int16", 'n'},
                                                   {"uint16", 'q'},
                                                   {"int32", 'i'},
                                                   {"uint32", 'u'},
                                                   {"int64", 'x'},
                                                   {"uint64", 't'},
                                                   {"double", 'd'},
                                                   {"string", 's'},
                                                   {"objectpath", 'o'},
                                                   {"signature", 'g'}});
constexpr std::string_view kBasic = "bynqiuxtdsog";
constexpr int kDeepest = 8;

template <class T>
bool fits(int64_t value) {
  return value >= std::numeric_limits<T>::min() && value <= std::numeric_limits<T>::max();
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Value whole() {
    Value value = next("", 0);
    skip_blanks();
    if (!text_.empty()) throw Error("there is more behind the value");
    return value;
  }

 private:
  // `type`: the signature that is wanted, empty for what the text says.
  Value next(std::string_view type, int depth) {
    if (depth > kDeepest) throw Error("it is nested too deep");
    skip_blanks();
    if (text_.empty()) throw Error("a value is missing");
    const char first = text_.front();
    if (first == '@') return annotated(depth);
    if (first == '[') return array(type, depth);
    if (first == '(') return tuple(type, depth);
    if (first == '\'' || first == '"') return string(type);
    if (std::isalpha(static_cast<unsigned char>(first)) != 0) return worded(type, depth);
    return number(type);
  }

  Value annotated(int depth) {
    text_.remove_prefix(1);
    const size_t end = std::min(text_.find(' '), text_.size());
    const std::string_view type = text_.substr(0, end);
    std::string_view rest = type;
    if (!take_type(rest) || !rest.empty()) {
      throw Error("'" + std::string(type) + "' is not a type that is known here");
    }
    text_.remove_prefix(end);
    return next(type, depth + 1);
  }

  // Takes one complete type off the front.
  static bool take_type(std::string_view& type) {
    while (type.starts_with('a')) type.remove_prefix(1);
    if (type.empty()) return false;
    const char first = type.front();
    type.remove_prefix(1);
    if (first != '(') return kBasic.find(first) != std::string_view::npos;
    do {
      if (!take_type(type)) return false;
    } while (!type.starts_with(')'));
    type.remove_prefix(1);
    return true;
  }

  Value array(std::string_view type, int depth) {
    if (!type.empty() && !type.starts_with('a')) fail_type(type, "an array");
    std::string element(type.empty() ? type : type.substr(1));
    Value value;
    separated(']', [&] {
      value.elements.push_back(next(element, depth + 1));
      if (element.empty()) element = value.elements.back().signature;
    });
    if (element.empty()) throw Error("an empty array needs its type, as in '@as []'");
    value.signature = "a" + element;
    return value;
  }

  Value tuple(std::string_view type, int depth) {
    if (!type.empty() && !type.starts_with('(')) fail_type(type, "a tuple");
    std::string_view wanted = type.empty() ? type : type.substr(1, type.size() - 2);
    Value value;
    separated(')', [&] {
      std::string_view rest = wanted;
      if (!type.empty() && !take_type(rest)) fail_type(type, "a longer tuple");
      value.elements.push_back(next(wanted.substr(0, wanted.size() - rest.size()), depth + 1));
      wanted = rest;
    });
    if (!wanted.empty()) fail_type(type, "a shorter tuple");
    if (value.elements.empty()) throw Error("a tuple has no elements");
    value.signature = "(";
    for (const Value& element : value.elements) value.signature += element.signature;
    value.signature += ")";
    return value;
  }

  // The elements up to `end`, a comma between them.
  template <class Element>
  void separated(char end, const Element& element) {
    text_.remove_prefix(1);
    skip_blanks();
    while (!take(end)) {
      element();
      skip_blanks();
      if (!text_.starts_with(end) && !take(',')) {
        throw Error(std::string("a ',' or '") + end + "' is missing");
      }
      skip_blanks();
    }
  }

  Value string(std::string_view type) {
    const char quote = text_.front();
    std::string value;
    size_t i = 1;
    for (; i < text_.size() && text_[i] != quote; ++i) {
      const bool backslash = text_[i] == '\\';
      if (backslash && ++i == text_.size()) break;
      value += backslash ? escaped(text_[i]) : text_[i];
    }
    if (i >= text_.size()) throw Error("a string has no end");
    if (value.find('\0') != std::string::npos) throw Error("a string has a NUL in it");
    text_.remove_prefix(i + 1);
    if (type.empty()) type = "s";
    if (type != "s" && type != "o" && type != "g") fail_type(type, "a string");
    return {.signature = std::string(type), .basic = std::move(value), .elements = {}};
  }

  static char escaped(char c) {
    constexpr std::string_view kNames = "abfnrtv";
    constexpr std::string_view kMeant = "\a\b\f\n\r\t\v";
    if (c == 'u' || c == 'U') throw Error("a string has a '\\u', which is not known here");
    const size_t at = kNames.find(c);
    return at == std::string_view::npos ? c : kMeant[at];
  }

  // `true`, `false`, or a type in front of a value.
  Value worded(std::string_view type, int depth) {
    const auto letter = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; };
    const auto end = std::ranges::find_if_not(text_, letter);
    const std::string_view word(text_.begin(), end);
    text_.remove_prefix(word.size());
    if (word == "true" || word == "false") {
      if (!type.empty() && type != "b") fail_type(type, "a boolean");
      return {.signature = "b", .basic = word == "true", .elements = {}};
    }
    const auto keyword = std::ranges::find(kKeywords, word, &Keyword::name);
    if (keyword == kKeywords.end()) {
      throw Error("'" + std::string(word) + "' is neither a value nor a type: a text is in quotes");
    }
    const char own[] = {keyword->type, '\0'};
    if (!type.empty() && type != own) fail_type(type, std::string(word).c_str());
    return next(own, depth + 1);
  }

  // Without a type: a 32 bit integer, or a double where there is a dot or an exponent.
  Value number(std::string_view type) {
    const std::string token(text_.substr(0, text_.find_first_of(" ,])")));
    text_.remove_prefix(token.size());
    std::string_view digits = token;
    if (digits.starts_with('+')) digits.remove_prefix(1);
    const bool hexadecimal = digits.starts_with("0x");
    if (type.empty()) {
      type = !hexadecimal && digits.find_first_of(".eE") != std::string_view::npos ? "d" : "i";
    }
    Value value{.signature = std::string(type), .basic = {}, .elements = {}};
    bool good = false;
    if (type == "d") {
      double real = 0;
      good = all_of(digits, real);
      value.basic = real;
    } else if (type == "y" || type == "q" || type == "u" || type == "t") {
      uint64_t natural = 0;
      const uint64_t most = type == "y"   ? UINT8_MAX
                            : type == "q" ? UINT16_MAX
                            : type == "u" ? UINT32_MAX
                                          : UINT64_MAX;
      good = integer(digits, hexadecimal, natural) && natural <= most;
      value.basic = natural;
    } else if (type == "n" || type == "i" || type == "x") {
      int64_t whole = 0;
      good = integer(digits, hexadecimal, whole) &&
             (type == "x" || (type == "i" ? fits<int32_t>(whole) : fits<int16_t>(whole)));
      value.basic = whole;
    } else {
      fail_type(type, "a number");
    }
    if (!good) throw Error("'" + token + "' is not a number of type '" + value.signature + "'");
    return value;
  }

  template <class T>
  static bool integer(std::string_view digits, bool hexadecimal, T& value) {
    if (hexadecimal) digits.remove_prefix(2);
    const char* const end = digits.data() + digits.size();
    const auto [rest, error] = std::from_chars(digits.data(), end, value, hexadecimal ? 16 : 10);
    return error == std::errc{} && rest == end;
  }

  static bool all_of(std::string_view digits, double& value) {
    const char* const end = digits.data() + digits.size();
    const auto [rest, error] = std::from_chars(digits.data(), end, value);
    return error == std::errc{} && rest == end;
  }

  [[noreturn]] static void fail_type(std::string_view type, const char* is) {
    throw Error("it is " + std::string(is) + " where type '" + std::string(type) + "' is wanted");
  }

  bool take(char c) {
    if (!text_.starts_with(c)) return false;
    text_.remove_prefix(1);
    return true;
  }
  void skip_blanks() {
    while (text_.starts_with(' ') || text_.starts_with('\t') || text_.starts_with('\n')) {
      text_.remove_prefix(1);
    }
  }

  std::string_view text_;
};

}  // namespace

Value parse_value(std::string_view text) {
  return Parser(text).whole();
}

}  // namespace berth::runtime::systemd
