// Network namespaces for tests: what happens in them happens to nobody else.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <string>

#include "base/fd.h"
#include "runtime/network/netlink.h"

namespace berth::test {

// A new one, with `lo` alone. It goes with its descriptors.
class NetworkNamespace {
 public:
  NetworkNamespace();
  int fd() const { return fd_.get(); }
  // In a thread that is there; what it throws is thrown here.
  void run(const std::function<void()>& action) const;

 private:
  UniqueFd fd_;
};

// Why none can be made on this machine; empty where one can.
std::string lacks_network_namespaces();

// Whether the kernel can make such interfaces.
bool has_kind(const std::string& kind);
// One that needs no more than a name and can move: dummy or ifb; empty where there is neither.
std::string plain_kind();

// Why none, or no interface in them, can be made: for tests of whole programs.
std::string lacks_interfaces();

// A test with two of them.
class NetworkTest : public ::testing::Test {
 protected:
  void SetUp() override;
  const NetworkNamespace& here() const { return *here_; }
  const NetworkNamespace& there() const { return *there_; }
  // Of the first and of the second.
  runtime::network::Netlink netlink() const { return runtime::network::Netlink(here().fd()); }
  runtime::network::Netlink other() const { return runtime::network::Netlink(there().fd()); }

 private:
  std::optional<NetworkNamespace> here_, there_;
};

}  // namespace berth::test
