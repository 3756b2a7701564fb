#include "runtime/container/net_devices.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <ranges>

#include "base/error.h"
#include "base/file.h"
#include "base/trace.h"
#include "runtime/network/interface_name.h"
#include "runtime/process/capabilities.h"

namespace berth::runtime {
namespace {

bool is_same_namespace(const UniqueFd& a, const UniqueFd& b) {
  struct stat first {};
  struct stat second {};
  check(::fstat(a.get(), &first), "stat", "network namespace");
  check(::fstat(b.get(), &second), "stat", "network namespace");
  return first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

// The kernel would take a template too, and not say what came of it.
std::string free_name(const network::Netlink& there, const std::string& wished) {
  if (!network::is_interface_template(wished)) {
    if (network::find_interface(there, wished)) {
      throw Error("the container's network namespace has an interface '" + wished + "' already");
    }
    return wished;
  }
  for (int i = 0;; ++i) {
    std::string name = wished;
    name.replace(name.find('%'), 2, std::to_string(i));
    if (!network::find_interface(there, name)) return name;
  }
}

void set_up(const network::Netlink& netlink, const network::Interface& interface,
            const std::vector<network::Address>& addresses, bool up) {
  for (const network::Address& address : addresses) {
    network::add_address(netlink, interface, address);
  }
  if (up) network::raise_interface(netlink, interface);
}

}  // namespace

NetDevices::NetDevices(std::vector<spec::NetDevice> wished, std::string key)
    : wished_(std::move(wished)), key_(std::move(key)) {
  if (!empty() && !process::has_net_admin()) {
    throw Error(key_ + ": to move network interfaces takes CAP_NET_ADMIN");
  }
}

void NetDevices::move_to(pid_t pid) {
  own_ = open_file(AT_FDCWD, "/proc/self/ns/net", O_RDONLY);
  container_ = open_file(AT_FDCWD, "/proc/" + std::to_string(pid) + "/ns/net", O_RDONLY);
  if (is_same_namespace(own_, container_)) {
    throw Error(key_ + ": the container's network namespace is this process' own");
  }
  const network::Netlink here;
  const network::Netlink there(container_.get());
  for (const spec::NetDevice& device : wished_) {
    try {
      move(device, here, there);
    } catch (const Error& e) {
      throw e.within(key_ + "." + device.host_name);
    }
  }
}

void NetDevices::move(const spec::NetDevice& device, const network::Netlink& here,
                      const network::Netlink& there) {
  const network::Interface interface = network::get_interface(here, device.host_name);
  const std::string name = free_name(there, device.name.empty() ? interface.name : device.name);
  if (tracing()) trace("move network interface " + interface.name + " to the container: " + name);
  moved_.push_back({interface, network::global_addresses(here, interface), name});
  network::move_interface(here, interface, container_.get(), name);
  set_up(there, network::get_interface(there, name), moved_.back().addresses, true);
}

std::vector<std::string> NetDevices::give_back() {
  std::vector<std::string> failures;
  if (moved_.empty()) return failures;
  const network::Netlink here;
  const network::Netlink there(container_.get());
  for (const Moved& moved : std::views::reverse(moved_)) {
    try {
      give_back(moved, here, there);
    } catch (const Error& e) {
      failures.push_back(
          e.within(key_ + "." + moved.before.name + ": cannot be given back").message());
    }
  }
  moved_.clear();
  return failures;
}

void NetDevices::give_back(const Moved& moved, const network::Netlink& here,
                           const network::Netlink& there) const {
  const auto at_home = network::find_interface(here, moved.before.name);
  if (at_home && at_home->index == moved.before.index) return;  // it never went
  auto there_now = network::find_interface(there, moved.name);
  // A move whose renaming failed leaves it with the name that it had.
  if (!there_now) there_now = network::get_interface(there, moved.before.name);
  network::move_interface(there, *there_now, own_.get(), moved.before.name);
  set_up(here, network::get_interface(here, moved.before.name), moved.addresses,
         moved.before.is_up());
}

}  // namespace berth::runtime
