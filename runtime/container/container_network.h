// All that changes a container's network namespace once it is there: linux.netDevices and what the
// bundle's runtime.json says.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "runtime/container/net_devices.h"
#include "runtime/service/acts.h"
#include "runtime/service/service.h"
#include "runtime/spec/spec.h"

namespace berth::runtime {

class ContainerNetwork {
 public:
  // Throws Error where it cannot be. `service` may be null, and outlives this.
  ContainerNetwork(const spec::Spec& spec, const service::Service* service);
  bool empty() const { return devices_.empty() && !by_service(); }

  // For the container of that first process; `acts` where there is a service.
  void make(pid_t process, service::ActLog* acts);
  // The host's interfaces, where the container comes to nothing. A line for each that is lost.
  std::vector<std::string> give_back();

 private:
  bool by_service() const { return service_ != nullptr && service_->has_network(); }
  const service::Service* service_;
  NetDevices devices_, of_service_;
};

}  // namespace berth::runtime
