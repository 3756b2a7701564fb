// What a test wants to know of an error: its line.
#pragma once

#include <string>

#include "base/error.h"

namespace berth::test {

// The message of the Error that `action` throws; "no error" where it throws none.
template <class Action>
std::string message_of(const Action& action) {
  try {
    action();
  } catch (const Error& e) {
    return e.message();
  }
  return "no error";
}

}  // namespace berth::test
