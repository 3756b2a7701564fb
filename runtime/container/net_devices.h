// linux.netDevices: interfaces of this process' network namespace that become a container's
// (config-linux.md, "Network Devices"). Once it is made they are its network namespace's, and where
// they go when that ends is the kernel's business (network_namespaces(7)).
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/fd.h"
#include "runtime/network/interface.h"
#include "runtime/spec/spec.h"

namespace berth::runtime {

class NetDevices {
 public:
  // Throws Error where there are some and this process has no right to move any. `key`: of
  // what they are written in.
  NetDevices(std::vector<spec::NetDevice> wished, std::string key);
  bool empty() const { return wished_.empty(); }

  // To the network namespace that this process is in, with their permanent global addresses, and
  // up. Throws Error with the interface's key in front; those before it have moved then. Holds the
  // namespace from now on: it outlasts the process, and no virtual interface is gone with it.
  void move_to(pid_t pid);
  // Moves them back: their names, their addresses, and up those that were. Routes by them are lost.
  // A line for each that cannot be had back.
  std::vector<std::string> give_back();

 private:
  struct Moved {
    network::Interface before;
    std::vector<network::Address> addresses;
    std::string name;  // there
  };
  void move(const spec::NetDevice& device, const network::Netlink& here,
            const network::Netlink& there);
  void give_back(const Moved& moved, const network::Netlink& here,
                 const network::Netlink& there) const;

  std::vector<spec::NetDevice> wished_;
  std::string key_;
  UniqueFd own_, container_;  // network namespaces
  std::vector<Moved> moved_;  // or about to
};

}  // namespace berth::runtime
