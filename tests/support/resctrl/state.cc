#include "tests/support/resctrl/state.h"

#include <algorithm>
#include <limits>

#include "base/error.h"

namespace berth::test::resctrl {

namespace {

bool monitors_local_bandwidth(const State& state) {
  return state.processor.monitor &&
         std::ranges::count(state.processor.monitor->events, std::string("mbm_local_bytes")) > 0;
}

void check_options(const State& state) {
  const auto refuse = [](const char* what) { throw Error("mount", what, EINVAL); };
  const Processor& has = state.processor;
  if (state.options.cdp && !(has.l3 && has.l3->cdp)) refuse("cdp");
  if (state.options.cdpl2 && !(has.l2 && has.l2->cdp)) refuse("cdpl2");
  if (state.options.mba_mbps && !(has.mb && has.mb->linear && monitors_local_bandwidth(state))) {
    refuse("mba_MBps");
  }
  if (state.options.debug && !state.profile.debug_option()) refuse("debug");
}

// In the order in which the kernel numbers resources; it shows them reversed since 5.15.
class Lines {
 public:
  explicit Lines(State& state) : state_(state) {}

  void add_cache(const std::string& resource, const std::optional<Cache>& cache, bool split) {
    if (!cache) return;
    const unsigned closids = split ? cache->closids / 2 : cache->closids;
    if (split) {
      // Code before data; but 4.18 has data first in its list, and its list is not reversed.
      const bool reversed = state_.profile.lines_reversed();
      Schema& first = add(resource + (reversed ? "CODE" : "DATA"), resource, closids, &*cache);
      Schema& second = add(resource + (reversed ? "DATA" : "CODE"), resource, closids, &*cache);
      first.peer = &second;
      second.peer = &first;
    } else {
      add(resource, resource, closids, &*cache);
    }
    const size_t suffix = cache->cdp ? 4 : 0;
    state_.name_width = std::max(state_.name_width, resource.size() + suffix);
    state_.value_width = std::max(state_.value_width, size_t{(cache->ways + 3) / 4});
  }

  void add_bandwidth(const std::string& name, const std::optional<Bandwidth>& bandwidth) {
    if (!bandwidth) return;
    Schema& schema = add(name, name, bandwidth->closids, nullptr, &*bandwidth);
    schema.software = name == "MB" && state_.options.mba_mbps;
    fill(schema);
    state_.name_width = std::max(state_.name_width, name.size());
    state_.value_width = std::max(state_.value_width, std::to_string(bandwidth->max).size());
  }

 private:
  Schema& add(const std::string& name, const std::string& resource, unsigned closids,
              const Cache* cache, const Bandwidth* bandwidth = nullptr) {
    Schema& schema = *state_.schemas.emplace_back(std::make_unique<Schema>());
    schema.name = name;
    schema.resource = resource;
    schema.cache = cache;
    schema.bandwidth = bandwidth;
    schema.closids = closids;
    fill(schema);
    return schema;
  }
  static void fill(Schema& schema) {
    const size_t domains = schema.domains().size();
    const unsigned hardware = schema.cache ? schema.cache->closids : schema.bandwidth->closids;
    schema.values.assign(domains, std::vector<uint32_t>(hardware, schema.unlimited()));
    schema.locked.assign(domains, 0);
  }

  State& state_;
};

}  // namespace

uint32_t Schema::unlimited() const {
  if (cache) return cache->full();
  return software ? std::numeric_limits<uint32_t>::max() : bandwidth->max;
}

State::State(Profile version, Processor hardware, MountOptions mount)
    : profile(version),
      processor(std::move(hardware)),
      options(mount),
      status(version),
      root(std::make_shared<Group>()),
      groups{root},
      tasks(std::make_shared<TaskTable>()),
      online(processor.online.begin(), processor.online.end()),
      figures([](const Question&) { return 0; }),
      now([] { return std::chrono::milliseconds(0); }) {
  check_options(*this);
  Lines lines(*this);
  lines.add_cache("L3", processor.l3, options.cdp);
  lines.add_cache("L2", processor.l2, options.cdpl2);
  lines.add_bandwidth("MB", processor.mb);
  if (profile.smba()) lines.add_bandwidth("SMBA", processor.smba);
  if (profile.lines_reversed()) std::reverse(schemas.begin(), schemas.end());

  unsigned usable = 32;
  for (const auto& line : schemas) usable = std::min(usable, line->closids);
  closids.assign(usable, false);
  closids[0] = true;
  root->cpus = online;
  if (processor.monitor) {
    const Monitor& monitor = *processor.monitor;
    const auto nodes = static_cast<unsigned>(
        std::max<size_t>(1, monitor.nodes.size() / std::max<size_t>(1, monitor.domains.size())));
    rmids.emplace(monitor.rmids / nodes, monitor.domains.size(), profile.limbo_always());
    threshold = monitor.threshold();
  }
}

Schema* State::schema(const std::string& name) const {
  const auto found =
      std::ranges::find_if(schemas, [&](const auto& line) { return line->name == name; });
  return found == schemas.end() ? nullptr : found->get();
}

}  // namespace berth::test::resctrl
