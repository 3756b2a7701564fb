// A model's answers to the calls that come out of a FUSE device, in a thread of its own.
#pragma once

#include <mutex>
#include <thread>

#include "base/fd.h"
#include "tests/support/resctrl/model.h"

struct fuse_session;

namespace berth::test::resctrl {

class FuseServer {
 public:
  // `device`: /dev/fuse, mounted. `lock` is held while a call is answered.
  FuseServer(Model& model, std::recursive_mutex& lock, UniqueFd device);
  // Calls that nobody has answered yet fail with ENOTCONN.
  ~FuseServer();
  FuseServer(const FuseServer&) = delete;
  FuseServer& operator=(const FuseServer&) = delete;

 private:
  class Calls;
  void serve();

  std::unique_ptr<Calls> calls_;
  fuse_session* session_ = nullptr;
  UniqueFd stop_;
  std::thread thread_;
};

}  // namespace berth::test::resctrl
