#include "base/error.h"

#include <cctype>
#include <cstring>
#include <utility>

namespace berth {
namespace {

std::string compose(std::string_view operation, std::string_view object, int code) {
  std::string text(operation);
  if (!object.empty()) text.append(" '").append(object).append("'");
  if (code != 0) text.append(": ").append(errno_text(code));
  return text;
}

}  // namespace

std::string errno_text(int code) {
  char buffer[128];
  std::string text = ::strerror_r(code, buffer, sizeof buffer);
  // "No such file", but "RPC ..." or "I/O error" keep their capitals.
  if (text.size() > 1 && std::islower(static_cast<unsigned char>(text[1])) != 0) {
    text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  }
  return text;
}

Error::Error(std::string_view operation, std::string_view object, int code,
             std::source_location where)
    : Error(compose(operation, object, code), code, where) {}

Error::Error(std::string message, std::source_location where)
    : Error(std::move(message), 0, where) {}

Error::Error(std::string message, int code, std::source_location where)
    : message_(std::move(message)), code_(code), where_(where) {}

Error Error::within(std::string_view step) const {
  return {std::string(step) + ": " + message_, code_, where_};
}

Error Error::with_note(std::string_view note) const {
  if (note.empty()) return *this;
  return {message_ + " (" + std::string(note) + ")", code_, where_};
}

}  // namespace berth
