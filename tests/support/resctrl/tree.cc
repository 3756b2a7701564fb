#include "tests/support/resctrl/tree.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "tests/support/resctrl/control.h"
#include "tests/support/resctrl/group_files.h"
#include "tests/support/resctrl/monitoring.h"
#include "tests/support/resctrl/schemata.h"

namespace berth::test::resctrl {

namespace {

Text line(std::string text) {
  return {0, std::move(text) + '\n'};
}
Text number(uint64_t value) {
  return line(std::to_string(value));
}

}  // namespace

Tree::Tree(State& state)
    : state_(state),
      root_(std::make_shared<Node>(next_number_++, "", S_IFDIR | 0555, Caller{}, nullptr)) {
  root_->group = state.root;
  fill_group(*root_, {});
  add_info();
}

Node& Tree::add(Node& parent, const std::string& name, mode_t mode, const Caller& owner) {
  const auto node = std::make_shared<Node>(next_number_++, name, mode, owner, &parent);
  node->group = parent.group;
  return *(parent.children[name] = node);
}

void Tree::add_file(Node& parent, const std::string& name, Node::Read read, Node::Write write) {
  const Caller owner{0, parent.uid, parent.gid};
  Node& node = add(parent, name, S_IFREG | (write ? 0644 : 0444), owner);
  node.read = std::move(read);
  node.write = std::move(write);
}

Node& Tree::add_group(Node& parent, const std::shared_ptr<Group>& group, mode_t mode,
                      const Caller& owner) {
  Node& directory = add(parent, group->name, S_IFDIR | (mode & 07777), owner);
  directory.group = group;
  fill_group(directory, owner);
  return directory;
}

void Tree::fill_group(Node& directory, const Caller& owner) {
  add_common_files(directory);
  const bool monitors_only = directory.group->monitors_only();
  if (!monitors_only) add_control_files(directory);  // of the root even where nothing is allocated
  if (!state_.rmids) return;
  if (!monitors_only) add(directory, "mon_groups", directory.mode, owner);
  add_monitor_data(directory, owner);
}

void Tree::add_common_files(Node& directory) {
  State& state = state_;
  Group* const group = directory.group.get();
  add_file(
      directory, "cpus",
      [&state, group] { return line(cpu_mask_text(group->cpus, state.processor.possible_cpus)); },
      [&state, group](std::string_view text, const Caller&) {
        return write_cpus(state, *group, CpuFormat::mask, text);
      });
  add_file(
      directory, "cpus_list", [group] { return line(cpu_list_text(group->cpus)); },
      [&state, group](std::string_view text, const Caller&) {
        return write_cpus(state, *group, CpuFormat::list, text);
      });
  add_file(
      directory, "tasks",
      [&state, group] {
        return Text{0, tasks_text(state, *group)};
      },
      [&state, group](std::string_view text, const Caller& caller) {
        return write_tasks(state, *group, text, caller);
      });
  if (state.options.debug && state.rmids) {
    add_file(directory, "mon_hw_id", [group] { return number(group->rmid); });
  }
}

void Tree::add_control_files(Node& directory) {
  State& state = state_;
  Group* const group = directory.group.get();
  add_file(
      directory, "schemata",
      [&state, group] {
        return Text{0, schemata_text(state, *group)};
      },
      [&state, group](std::string_view text, const Caller&) {
        return write_schemata(state, *group, text);
      });
  if (state.profile.modes()) {
    add_file(
        directory, "mode",
        [group] {
          return Text{0, mode_text(*group)};
        },
        [&state, group](std::string_view text, const Caller&) {
          return write_mode(state, *group, text);
        });
    add_file(directory, "size", [&state, group] { return Text{0, size_text(state, *group)}; });
  }
  if (state.options.debug) {
    add_file(directory, "ctrl_hw_id", [group] { return number(group->closid); });
  }
  if (state.options.mba_mbps && state.profile.event_file()) {
    add_file(
        directory, "mba_MBps_event", [group] { return line(group->bandwidth_event); },
        [&state, group](std::string_view text, const Caller&) {
          return write_bandwidth_event(state, *group, text);
        });
  }
}

void Tree::add_monitor_data(Node& directory, const Caller& owner) {
  State& state = state_;
  Group* const group = directory.group.get();
  const Monitor& monitor = *state.processor.monitor;
  Node& data = add(directory, "mon_data", directory.mode, owner);
  const size_t per_domain =
      state.profile.sub_numa() ? monitor.nodes.size() / monitor.domains.size() : 0;
  for (size_t i = 0; i < monitor.domains.size(); ++i) {
    const unsigned id = monitor.domains[i].id;
    const auto add_figures = [&](Node& folder, std::optional<unsigned> node) {
      for (const std::string& event : monitor.events) {
        add_file(folder, event, [&state, group, id, node, event] {
          return Text{0, figure_text(state, *group, id, node, event)};
        });
      }
    };
    Node& folder = add(data, fmt::format("mon_L3_{:02}", id), directory.mode, owner);
    add_figures(folder, std::nullopt);
    for (size_t n = i * per_domain; n < (i + 1) * per_domain; ++n) {
      const std::string name = fmt::format("mon_sub_L3_{:02}", monitor.nodes[n]);
      add_figures(add(folder, name, directory.mode, owner), monitor.nodes[n]);
    }
  }
}

void Tree::add_info() {
  State& state = state_;
  Node& info = add(*root_, "info", root_->mode, {});
  info.group = nullptr;
  add_file(info, "last_cmd_status", [&state] { return Text{0, state.status.text()}; });
  for (const auto& schema : state.schemas) {
    if (schema->cache != nullptr) {
      add_cache_info(info, *schema);
    } else {
      add_bandwidth_info(info, *schema);
    }
  }
  if (state.rmids) add_monitor_info(info);
}

void Tree::add_cache_info(Node& info, const Schema& schema) {
  Node& folder = add(info, schema.name, root_->mode, {});
  const Cache& cache = *schema.cache;
  add_file(folder, "num_closids", [&schema] { return number(schema.closids); });
  add_file(folder, "cbm_mask", [&cache] { return line(fmt::format("{:x}", cache.full())); });
  add_file(folder, "min_cbm_bits", [&cache] { return number(cache.min_bits); });
  add_file(folder, "shareable_bits",
           [&cache] { return line(fmt::format("{:x}", cache.shareable)); });
  if (state_.profile.modes()) {
    add_file(folder, "bit_usage", [this, &schema] { return Text{0, bit_usage(state_, schema)}; });
  }
  if (state_.profile.sparse_file()) {
    add_file(folder, "sparse_masks", [&cache] { return number(cache.sparse ? 1 : 0); });
  }
}

void Tree::add_bandwidth_info(Node& info, const Schema& schema) {
  Node& folder = add(info, schema.name, root_->mode, {});
  const Bandwidth& bandwidth = *schema.bandwidth;
  add_file(folder, "num_closids", [&schema] { return number(schema.closids); });
  add_file(folder, "min_bandwidth", [&bandwidth] { return number(bandwidth.min); });
  add_file(folder, "bandwidth_gran", [&bandwidth] { return number(bandwidth.granularity); });
  add_file(folder, "delay_linear", [&bandwidth] { return number(bandwidth.linear ? 1 : 0); });
  if (state_.profile.throttle_file() && !bandwidth.throttle_mode.empty()) {
    add_file(folder, "thread_throttle_mode",
             [&bandwidth] { return line(bandwidth.throttle_mode); });
  }
}

void Tree::add_monitor_info(Node& info) {
  State& state = state_;
  const Monitor& monitor = *state.processor.monitor;
  Node& folder = add(info, "L3_MON", root_->mode, {});
  add_file(folder, "num_rmids", [&state, &monitor] {
    const size_t nodes =
        state.profile.sub_numa() ? monitor.nodes.size() / monitor.domains.size() : 0;
    return number(monitor.rmids / std::max<size_t>(1, nodes));
  });
  add_file(folder, "mon_features", [&monitor] {
    std::string text;
    for (const std::string& event : monitor.events) text += event + '\n';
    return Text{0, text};
  });
  add_file(
      folder, "max_threshold_occupancy", [&state] { return number(state.threshold); },
      [&state](std::string_view text, const Caller&) { return write_threshold(state, text); });
}

}  // namespace berth::test::resctrl
