// rdt_simulate: replays synthetic jobs through the allocator, for every node, load and policy.
#include <fcntl.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <exception>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "base/error.h"
#include "bench/rdt_simulate/chart.h"
#include "bench/rdt_simulate/report.h"

namespace berth::rdt_simulate {
namespace {

void write(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::trunc);
  file << text;
  file.close();
  if (!file) throw Error("write", path, errno);
}

void choose(std::vector<Node>& nodes, const std::vector<std::string>& names) {
  if (names.empty()) return;
  std::erase_if(
      nodes, [&](const Node& node) { return std::ranges::find(names, node.name) == names.end(); });
}

int main_of(int argc, char** argv) {
  Plan plan;
  std::vector<std::string> names, chosen;
  for (const Node& node : plan.nodes) names.push_back(node.name);
  std::string mix = plan.mix.name, format = "text", svg;
  unsigned shared = plan.mix.shared;
  CLI::App app(
      "Replays synthetic jobs through berth's allocator of cache ways, in simulated time.");
  app.add_option("--jobs", plan.jobs, "jobs counted, of each node, load and policy")
      ->check(CLI::Range(100, 100'000'000))
      ->capture_default_str();
  app.add_option("--seed", plan.seed, "of the stream of jobs")->capture_default_str();
  app.add_option("--node", chosen, "only this one; may be repeated")->check(CLI::IsMember(names));
  app.add_option("--load", plan.loads, "offered, of the node's cores; may be repeated")
      ->check(CLI::Range(0.01, 100.0))
      ->capture_default_str();
  app.add_option("--mix", mix, "of the jobs' sizes; small: 1, 2 or 4 cores")
      ->check(CLI::IsMember({"mixed", "small"}))
      ->capture_default_str();
  app.add_option("--shared", shared, "percent of jobs that share their ways")
      ->check(CLI::Range(0U, 100 - plan.mix.no_wish))
      ->capture_default_str();
  app.add_option("--threads", plan.threads, "replays at once; more disturb the decision times")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  app.add_option("--format", format, "of the report")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  app.add_option("--svg", svg, "a file for the plots");
  CLI11_PARSE(app, argc, argv);
  choose(plan.nodes, chosen);
  if (mix == "small") plan.mix = small_jobs();
  plan.mix.shared = shared;
  const Study study = run(plan);
  std::cout << (format == "json" ? json_of(study) : text_of(study));
  if (!svg.empty()) write(svg, svg_of(study));
  return 0;
}

}  // namespace
}  // namespace berth::rdt_simulate

int main(int argc, char** argv) {
  try {
    return berth::rdt_simulate::main_of(argc, argv);
  } catch (const std::exception& e) {
    std::cerr << "rdt_simulate: " << e.what() << '\n';
    return 1;
  }
}
