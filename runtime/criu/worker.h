// `criu swrk`: criu as a child that is asked over a socket. It does what its command line does, and
// gives the master of a container's terminal away, which the command line cannot.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "runtime/criu/rpc.h"

namespace berth::runtime::criu {

// What the words of a command line (dump_words, restore_words) are as a file of criu's (criu.conf):
// all but what the request says, and what swrk itself is told. `images`: the descriptor that the
// folder of images has in criu, which takes it only by a link. Pure.
std::string config_text(const std::vector<std::string>& words, int images);

// A worker's order, from the words of a command line.
class Order {
 public:
  explicit Order(const std::vector<std::string>& words);

  // The command line of the child: it has to have the descriptor of that number, the other end of
  // a pair of sockets that this process made.
  std::vector<std::string> words(const std::string& program, int socket) const;
  // For the child, or in it: the folder of images, as this process' mount namespace has it, is
  // there. From elsewhere it would bring a mount along that is not criu's, and on that criu cannot
  // mount.
  void pass_images_on() const;
  // The first message to it.
  std::string request() const { return encode(request_); }

 private:
  std::string images_path_;
  UniqueFd images_, config_;  // config_: in memory; criu opens it by this process' pid
  Request request_;
  std::vector<std::string> arguments_;
};

struct Notices {
  std::function<void(pid_t)> restored = {};     // all is made, and nothing goes on yet
  std::function<void(UniqueFd)> terminal = {};  // the master of the container's
};
// Asks, answers its notices, and returns whether it succeeded. Where one of `notices` throws, criu
// is told to give up and the exception goes on.
bool converse(int socket, const Order& order, const Notices& notices);

}  // namespace berth::runtime::criu
