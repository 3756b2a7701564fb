// criu's messages to who asks it over a socket, as far as berth needs them: criu_req and criu_resp
// of criu's rpc.proto, in the encoding of protocol buffers (numbers and lengths as varints). Pure.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

namespace berth::runtime::criu {

// A dump or a restore of a container with a terminal. All else that criu is to know is in a
// configuration file.
struct Request {
  bool restore = false;
  pid_t pid = 0;  // of a dump
  std::string log_file = {}, config_file = {};
};
std::string encode(const Request& request);

// What criu waits for after each of its notices.
std::string acknowledgement(bool go_on);

struct Answer {
  std::string notice;    // `post-restore`, ...; empty: this is the last word
  pid_t pid = 0;         // that a notice is about
  bool success = false;  // of the last word
};
// What is no answer at all is one without success.
Answer decode(std::string_view bytes);

}  // namespace berth::runtime::criu
