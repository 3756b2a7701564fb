#include "bench/rdt_simulate/report.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace berth::rdt_simulate {

namespace {

// The jobs' sizes.
std::string about_sizes(const Mix& mix) {
  if (mix.name == "small") return fmt::format("1 to {} cores, powers of two", mix.largest);
  return fmt::format(
      "{}% need more cores than an L3 has, {}% any number below one, the others a power of two",
      mix.spanning, mix.any_size);
}

std::string about_mix(const Mix& mix) {
  return fmt::format(
      "Jobs '{}': Poisson; lognormal lengths, median {} h, sigma {}.\nSizes: {}.\n"
      "{}% have no wish, {}% share 10% to 50% of the cache; of the others {}% ask for 'auto', {}% "
      "for a share, the rest\n"
      "for ways (half, once or twice what is due to their cores). With MBA {}% of the wishes have "
      "a "
      "bandwidth too.\n"
      "Who finds no cores, or is refused, goes away.\n",
      mix.name, mix.median_hours, mix.sigma, about_sizes(mix), mix.no_wish, mix.shared,
      mix.automatic, mix.in_percent, mix.bandwidth);
}

std::string header(const Study& study) {
  const Plan& plan = study.plan;
  std::string text = fmt::format(
      "SIMULATED, not measured: {} jobs on {} nodes with {} policies under {} loads, {:.0f} "
      "node-years; seed {}\n",
      study.jobs(), plan.nodes.size(), plan.policies.size(), plan.loads.size(), study.node_years(),
      plan.seed);
  text += about_mix(plan.mix);
  text += fmt::format(
      "A line: {} jobs after {} that fill the node. load: of the cores. no cores: of all jobs. "
      "refused: of those that had\n"
      "cores and a wish, +- half of the 95% interval; for want of ways, of ways side by side "
      "(frag), of groups. weighed:\n"
      "refused of the ways that were asked for. packed: of those that asked. idle: of the ways of "
      "an L3 that can be\n"
      "granted; stranded: of these, not the default group's either; default: its ways. moves, and "
      "ways moved: for 1000\n"
      "that asked. groups: mean, most. decision: allocate() and transition(), this machine's own "
      "time, of which reading\n"
      "the clock is {} ns.\n",
      plan.jobs, plan.warm_up(), study.clock_cost);
  return text;
}

constexpr const char* kHead =
    "load  policy               packing  no cores  refused %        ways   frag  groups  weighed  "
    "packed  "
    " idle  stranded  default  moves   ways  groups     decision us\n"
    "                                           %                      %      %       %        %   "
    "    %  "
    "                                           mean most   p50    p99\n";

std::string line_of(const Row& row, const Policy& policy) {
  const Figures& f = row.outcome.figures;
  const auto percent = [&](uint64_t count) { return 100 * f.per_asked(count); };
  return fmt::format(
      "{:4.1f}  {:19}  {:7}  {:8.2f}  {:5.2f} +- {:5.2f}  {:7.2f}  {:5.2f}  {:6.2f}  {:7.2f}  "
      "{:6.1f}  "
      "{:5.2f}  {:8.2f}  {:7.2f}  {:5.1f}  {:5.1f}  {:4.1f} {:4}  {:5.1f}  {:5.1f}\n",
      row.load, policy.name, policy.rules.packing ? "yes" : "no",
      100 * static_cast<double>(f.no_cores) / static_cast<double>(f.jobs), 100 * f.refusal_rate(),
      100 * f.rate_margin, percent(f.refused.ways), percent(f.refused.fragmentation),
      percent(f.refused.groups), 100 * f.ways_refusal_rate(), percent(f.packed), f.idle_ways,
      f.stranded_ways, f.default_ways, 1000 * f.per_asked(f.moves),
      1000 * f.per_asked(f.ways_moved), f.groups, f.most_groups,
      static_cast<double>(row.outcome.times.p50) / 1000,
      static_cast<double>(row.outcome.times.p99) / 1000);
}

using Json = nlohmann::ordered_json;

Json json_of(const Mix& mix) {
  return {{"name", mix.name},
          {"largest_power_of_two", mix.largest},
          {"spanning_percent", mix.spanning},
          {"any_size_percent", mix.any_size},
          {"no_wish_percent", mix.no_wish},
          {"shared_percent", mix.shared},
          {"automatic_percent", mix.automatic},
          {"in_percent_percent", mix.in_percent},
          {"bandwidth_percent", mix.bandwidth},
          {"median_hours", mix.median_hours},
          {"sigma", mix.sigma}};
}

Json json_of(const Node& node) {
  return {{"name", node.name},
          {"about", node.about},
          {"l3", node.shape.domains.size()},
          {"cores", node.cores()},
          {"cbm_mask", rdt::WayMask(node.shape.full).to_hex()},
          {"shareable_bits", rdt::WayMask(node.shape.shareable).to_hex()},
          {"grantable_ways", node.grantable},
          {"groups", node.shape.max_groups},
          {"sparse", node.shape.sparse},
          {"mba", node.shape.bandwidth}};
}

Json json_of(const Row& row, const Plan& plan) {
  const Figures& f = row.outcome.figures;
  const Policy& policy = plan.policies[row.policy];
  return {{"node", plan.nodes[row.node].name},
          {"load", row.load},
          {"policy", policy.name},
          {"packing", policy.rules.packing},
          {"jobs", f.jobs},
          {"no_cores", f.no_cores},
          {"asked", f.asked},
          {"refused",
           {{"all", f.refused.all()},
            {"ways", f.refused.ways},
            {"fragmentation", f.refused.fragmentation},
            {"groups", f.refused.groups},
            {"rate", f.refusal_rate()},
            {"rate_of_ways", f.ways_refusal_rate()},
            {"rate_margin_95", f.rate_margin}}},
          {"packed", f.packed},
          {"moves", f.moves},
          {"ways_moved", f.ways_moved},
          {"cores_busy", f.cores_busy},
          {"idle_ways", f.idle_ways},
          {"stranded_ways", f.stranded_ways},
          {"default_ways", f.default_ways},
          {"groups_mean", f.groups},
          {"groups_most", f.most_groups},
          {"node_hours", f.hours},
          {"changes_checked", f.checks},
          {"decision_ns", {{"p50", row.outcome.times.p50}, {"p99", row.outcome.times.p99}}}};
}

}  // namespace

std::string packing_of(const Policy& policy) {
  return policy.rules.packing ? "packing" : "no packing";
}

std::string text_of(const Study& study) {
  std::string text = header(study);
  for (size_t i = 0; i < study.rows.size(); ++i) {
    const Row& row = study.rows[i];
    const Node& node = study.plan.nodes[row.node];
    if (i == 0 || study.rows[i - 1].node != row.node) {
      text += fmt::format("\n{} (simulated): {}; {} ways can be granted\n", node.name, node.about,
                          node.grantable);
      text += kHead;
    }
    text += line_of(row, study.plan.policies[row.policy]);
  }
  return text;
}

std::string json_of(const Study& study) {
  const Plan& plan = study.plan;
  Json json{{"simulated", true},
            {"seed", plan.seed},
            {"jobs_each", plan.jobs},
            {"warm_up_jobs", plan.warm_up()},
            {"jobs", study.jobs()},
            {"node_years", study.node_years()},
            {"clock_cost_ns", study.clock_cost},
            {"mix", json_of(plan.mix)}};
  for (const Node& node : plan.nodes) json["nodes"].push_back(json_of(node));
  for (const Row& row : study.rows) json["rows"].push_back(json_of(row, plan));
  return json.dump(2) + "\n";
}

}  // namespace berth::rdt_simulate
