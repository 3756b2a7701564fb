// The one exception type of the project. It names the operation, the object and the errno, and
// reads as one line for people: outermost step first, `start task 3: open_tree '/scratch':
// permission denied`.
#pragma once

#include <cerrno>
#include <exception>
#include <source_location>
#include <string>
#include <string_view>

namespace berth {

class Error : public std::exception {
 public:
  // A failed system call: `operation 'object': text of code`. `code` is an errno value, 0 for none.
  Error(std::string_view operation, std::string_view object, int code,
        std::source_location where = std::source_location::current());
  // A refusal of our own making; `message` is the whole line, lower case, no full stop.
  explicit Error(std::string message, std::source_location where = std::source_location::current());

  const char* what() const noexcept override { return message_.c_str(); }
  const std::string& message() const noexcept { return message_; }
  int code() const noexcept { return code_; }
  const std::source_location& where() const noexcept { return where_; }

  // The same error seen from one step further out: `step: message`.
  Error within(std::string_view step) const;
  // The same error with more to say at its end, if anything: `message (note)`.
  Error with_note(std::string_view note) const;

 private:
  Error(std::string message, int code, std::source_location where);
  std::string message_;
  int code_ = 0;
  std::source_location where_;
};

// The text of an errno value as our messages spell it: lower case, `permission denied`.
std::string errno_text(int code);

// Passes a system call's result through; throws Error with errno where it is negative.
template <class T>
T check(T rc, std::string_view operation, std::string_view object = {},
        std::source_location where = std::source_location::current()) {
  if (rc < 0) throw Error(operation, object, errno, where);
  return rc;
}

}  // namespace berth
