#include "bench/cache/experiment.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <sstream>

#include "base/error.h"
#include "base/file.h"

namespace berth::cache_bench {
namespace {

uint64_t free_memory() {
  const std::string text = read_file(AT_FDCWD, "/proc/meminfo");
  constexpr std::string_view kName = "MemAvailable:";
  const size_t at = text.find(kName);
  uint64_t kib = 0;
  if (at != std::string::npos) std::istringstream(text.substr(at + kName.size())) >> kib;
  return kib << 10;
}

topology::CpuSet set_of(std::span<const unsigned> cpus) {
  topology::CpuSet set;
  for (const unsigned cpu : cpus) set.insert(cpu);
  return set;
}

class Runner {
 public:
  Runner(const Node& node, const Settings& settings) : node_(node), settings_(settings) {
    if (node.roots != nullptr && node.roots->resctrl) {
      everybody_ = node.roots->resctrl->default_group();
    }
  }

  std::chrono::nanoseconds service_interval() {
    Arrangement arrangement = base(VictimKind::requests, settings_.seed);
    const Repetition alone = berth::cache_bench::run(arrangement);
    constexpr double kUtilisation = 0.5;
    return std::chrono::nanoseconds(static_cast<int64_t>(alone.victim.nanoseconds / kUtilisation));
  }

  Repetition run(const Cell& cell, std::chrono::nanoseconds interval, uint64_t seed) {
    Arrangement arrangement = base(cell.victim, seed);
    arrangement.victim.interval = interval;
    std::vector<unsigned> cpus;
    if (cell.aggressor) {
      const auto& from =
          cell.condition == Condition::other_socket ? node_.site.elsewhere : node_.site.beside;
      cpus.assign(from.begin(), from.begin() + cell.count);
      for (unsigned i = 0; i < cell.count; ++i) {
        arrangement.aggressors.push_back(
            {*cell.aggressor, settings_.aggressor_bytes, seed + 1 + i});
      }
    }
    arrangement.aggressor_cpus = cpus;
    std::optional<CacheGroup> victim, aggressors;
    if (const auto options = victim_options(cell.condition)) {
      victim.emplace(*node_.roots, node_.machine, node_.policy, "victim", *options,
                     topology::CpuSet{node_.site.victim_cpu});
      arrangement.victim_group = &*victim;
    }
    if (cell.condition == Condition::partitioned_mba) {
      launcher::RdtOptions options;
      options.mbw = settings_.mbw;
      aggressors.emplace(*node_.roots, node_.machine, node_.policy, "aggressors", options,
                         set_of(cpus));
      arrangement.aggressor_group = &*aggressors;
    }
    return berth::cache_bench::run(arrangement);
  }

 private:
  Arrangement base(VictimKind kind, uint64_t seed) const {
    Arrangement arrangement;
    arrangement.victim = {kind, settings_.working_set, settings_.warm_up, settings_.run, seed, {}};
    arrangement.victim_cpu = node_.site.victim_cpu;
    arrangement.lead = settings_.lead;
    arrangement.domain = node_.site.l3.cache_id.value_or(0);
    if (everybody_ && node_.site.rdt->monitor) arrangement.everybody = &*everybody_;
    return arrangement;
  }

  std::optional<launcher::RdtOptions> victim_options(Condition condition) const {
    switch (condition) {
      case Condition::alone_at_mask:
      case Condition::partitioned:
      case Condition::partitioned_mba:
        return options_for(settings_.ways);
      case Condition::full_mask: {
        launcher::RdtOptions options;
        options.l3 = "100%";
        options.l3_share = true;
        return options;
      }
      case Condition::alone:
      case Condition::shared:
      case Condition::other_socket:
        break;
    }
    return std::nullopt;
  }

  const Node& node_;
  const Settings& settings_;
  std::optional<rdt::Group> everybody_;
};

std::string title_of(const Cell& cell) {
  std::string title = fmt::format("{}, {}", name_of(cell.victim), name_of(cell.condition));
  if (cell.aggressor) title += fmt::format(", {} x {}", cell.count, name_of(*cell.aggressor));
  return title;
}

}  // namespace

void fill_in(Settings& settings, const Site& site, uint64_t l3_bytes) {
  const uint64_t way = l3_bytes / (site.ways > 0 ? site.ways : 16);
  if (settings.ways == 0) {
    unsigned grantable = site.ways > 0 ? site.ways : 16;
    if (site.rdt && site.rdt->caches.l3) {
      const rdt::CacheCapability& l3 = *site.rdt->caches.l3;
      grantable = l3.full.minus(l3.shareable).count();
    }
    settings.ways = std::max(1U, grantable / 2);
  }
  if (settings.working_set == 0) settings.working_set = settings.ways * way / 4 * 3;
  settings.working_set = std::max<uint64_t>(settings.working_set / kLineBytes, 64) * kLineBytes;
  if (settings.aggressor_bytes == 0) {
    settings.aggressor_bytes = std::min(2 * site.l3.bytes, free_memory() / 8);
  }
}

launcher::RdtOptions options_for(unsigned ways) {
  launcher::RdtOptions options;
  options.l3 = fmt::format("{}w", ways);
  return options;
}

std::vector<size_t> order_of(size_t count, uint64_t seed, unsigned block) {
  std::vector<size_t> order(count);
  std::iota(order.begin(), order.end(), size_t{0});
  std::seed_seq mixed{static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32), block};
  std::mt19937_64 chance(mixed);
  for (size_t i = count; i-- > 1;) std::swap(order[i], order[chance() % (i + 1)]);
  return order;
}

Experiment run(const Node& node, const Settings& settings, const Tell& tell) {
  Cells cells = cells_of(node.site, settings.wanted);
  Experiment experiment;
  experiment.left_out = std::move(cells.left_out);
  for (const Cell& cell : cells.cells) experiment.results.push_back({cell, {}});
  Runner runner(node, settings);
  if (std::ranges::find(settings.wanted.victims, VictimKind::requests) !=
      settings.wanted.victims.end()) {
    experiment.interval = runner.service_interval();
  }
  Progress progress{0, cells.cells.size() * settings.repetitions, {}};
  std::vector<bool> refused(cells.cells.size());
  for (unsigned block = 0; block < settings.repetitions; ++block) {
    unsigned place = 0;
    for (const size_t index : order_of(cells.cells.size(), settings.seed, block)) {
      CellResult& result = experiment.results[index];
      progress.what = title_of(result.cell);
      tell(progress);
      ++progress.done;
      if (refused[index]) continue;
      // The same memory layout for each cell of a block: what differs is the condition alone.
      const uint64_t seed = settings.seed + block * uint64_t{1000};
      try {
        Repetition one = runner.run(result.cell, experiment.interval, seed);
        one.block = block;
        one.order = place++;
        one.seed = seed;
        result.repetitions.push_back(std::move(one));
      } catch (const Error& e) {
        if (!result.repetitions.empty()) throw;
        refused[index] = true;
        experiment.left_out.push_back({title_of(result.cell), e.message()});
      }
    }
  }
  progress.what = "done";
  tell(progress);
  std::erase_if(experiment.results,
                [](const CellResult& result) { return result.repetitions.empty(); });
  return experiment;
}

}  // namespace berth::cache_bench
