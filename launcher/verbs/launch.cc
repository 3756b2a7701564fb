// N tasks of one bundle on this node without Slurm: the root side and the launchers' parent in one
// process.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "base/error.h"
#include "base/file.h"
#include "launcher/bundle_wish.h"
#include "launcher/known_machine.h"
#include "launcher/prepare.h"
#include "launcher/task.h"
#include "launcher/task_group.h"
#include "launcher/verbs/launch_service.h"
#include "launcher/verbs/verbs.h"
#include "launcher/verbs/wishes.h"
#include "runtime/container/spawn.h"
#include "runtime/process/step_namespace.h"
#include "runtime/spec/parse.h"

namespace berth::launcher {
namespace {

namespace cgroup = runtime::cgroup;
constexpr const char* kUse = "launch";

// What root made for this launch; taken back at its end, whatever end that is.
class Holdings {
 public:
  Holdings(Roots roots, const topology::Machine& machine, const Policy& policy,
           const Request& request, const topology::CpuSet& cpus)
      : roots_(std::move(roots)),
        claim_(request.claim),
        prepared_(prepare(roots_, machine, policy, request, cpus, kUse, Holder::self(), false)) {}
  Holdings(const Holdings&) = delete;
  Holdings& operator=(const Holdings&) = delete;
  // The tasks have ended.
  void report_use(const Policy& policy, const Request& request) {
    if (const auto line = report(prepared_, policy, request, request.purpose)) {
      std::fprintf(stderr, "berth: %s\n", line->c_str());
    }
  }
  ~Holdings() {
    try {
      release(roots_, claim_, kUse);
    } catch (const std::exception& e) {
      std::fprintf(stderr, "berth: %s (berth reap tries again)\n", e.what());
    }
  }

  const Prepared& prepared() const { return prepared_; }
  std::optional<cgroup::Node> make_task_cgroup(unsigned task) const {
    if (!prepared_.plan.own_cgroup) return std::nullopt;
    return cgroup::Node::create(roots_.hierarchy,
                                cgroup_path(claim_) + "/task_" + std::to_string(task), {});
  }

 private:
  Roots roots_;
  std::string claim_;
  Prepared prepared_;
};

void refuse_without_root(const Request& request) {
  if (::geteuid() == 0) return;
  if (!request.rdt.empty()) {
    throw Error(request.rdt.text() + " needs root: resctrl is root's (a Slurm job may ask for it)");
  }
  if (request.task_memory || request.task_pids) {
    throw Error("--memory and --pids need root: the cgroups are root's");
  }
}

class Launch {
 public:
  Launch(const LaunchOptions& options, const std::vector<int>& descriptors)
      : options_(options),
        descriptors_(descriptors),
        policy_(load_policy(options.wish.policy, options.wish.policy_required)),
        request_(to_request(options.wish)),
        bundle_(runtime::spec::open_bundle(options.bundle)),
        spec_(load_runnable_bundle(bundle_.get(), options.bundle)) {
    request_.claim = "launch_" + std::to_string(::getpid());
    request_.purpose = "launch " + std::to_string(::getpid());
    if (request_.rdt.empty() && spec_.linux_.intel_rdt && ::geteuid() == 0) {
      request_.rdt = parse_rdt_options(options_of(*spec_.linux_.intel_rdt));
      request_.rdt_is_a_wish = !request_.rdt.empty();
    }
    request_.asker.uid = ::getuid();
    if (!policy_.rdt.rules.empty()) request_.asker.user = user_name(::getuid());
  }

  int run() {
    refuse_without_root(request_);
    const topology::Machine machine = known_machine();
    const topology::CpuSet cpus = to_cpus(options_.wish, machine);
    if (::geteuid() == 0) {
      holdings_ = std::make_unique<Holdings>(Roots::open(), machine, policy_, request_, cpus);
      for (const std::string& warning : holdings_->prepared().plan.warnings) {
        std::fprintf(stderr, "berth: %s\n", warning.c_str());
      }
    }
    service_ = LaunchService::begin(bundle_.get(), options_.bundle, request_.claim, policy_, spec_,
                                    options_.tasks);
    if (service_ && options_.remove_cgroups) service_->remove_cgroups();
    topology::bind_to(cpus);
    TaskGroup tasks(options_.label);
    for (unsigned task = 0; task < options_.tasks; ++task) start(tasks, task);
    if (service_) service_->surround(tasks.first());
    const int status = tasks.wait();
    if (holdings_) holdings_->report_use(policy_, request_);
    return status;
  }

 private:
  void start(TaskGroup& tasks, unsigned task) {
    Handoff handoff;
    handoff.container_id = request_.claim + "." + std::to_string(task);
    handoff.bundle = options_.bundle;
    handoff.command = options_.command;
    handoff.binds = policy_.binds;
    handoff.task_memory = request_.task_memory;
    handoff.task_pids = request_.task_pids;
    runtime::CgroupJoin join;
    if (holdings_) {
      const Plan& plan = holdings_->prepared().plan;
      handoff.task_memory = plan.task.memory_bytes;
      handoff.task_pids = plan.task.pids;
      if (const auto node = holdings_->make_task_cgroup(task)) {
        join = node->join();
        handoff.limits = open_limits(*node, plan.task);
      }
    }
    std::function<void(pid_t)> network;
    if (service_ && service_->has_network()) {
      network = [this](pid_t pid) { service_->make_network(pid); };
    }
    tasks.start(task, entry_of(std::move(handoff), task), std::move(join),
                holdings_ ? holdings_->prepared().open_place : nowhere_, network);
  }

  runtime::Entry entry_of(Handoff handoff, unsigned task) const {
    runtime::spec::Spec spec = spec_;
    spec.process->env.push_back("BERTH_TASK_ID=" + std::to_string(task));
    spec.process->env.push_back("BERTH_TASK_COUNT=" + std::to_string(options_.tasks));
    runtime::Entry entry = make_entry(std::move(spec), duplicate(bundle_.get()), std::move(handoff),
                                      {{}, "", descriptors_});
    entry.preferred_cwd.clear();
    return entry;
  }

  const LaunchOptions& options_;
  const std::vector<int>& descriptors_;
  Policy policy_;
  Request request_;
  UniqueFd bundle_;
  runtime::spec::Spec spec_;
  std::unique_ptr<Holdings> holdings_;
  std::unique_ptr<LaunchService> service_;  // outlives the tasks
  std::optional<rdt::OpenPlace> nowhere_;
};

}  // namespace

int launch(const LaunchOptions& options, const std::vector<int>& descriptors) {
  return Launch(options, descriptors).run();
}

}  // namespace berth::launcher
