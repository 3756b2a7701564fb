#include "launcher/rdt_report.h"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"

namespace berth::launcher {
namespace {

using Json = nlohmann::json;

std::string bytes_text(uint64_t bytes) {
  constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 1024 && unit + 1 < std::size(kUnits)) {
    value /= 1024;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string domain_text(const UsedDomain& domain, double seconds) {
  std::string text = fmt::format("L3 {}: ", domain.id);
  text += domain.ways > 0 ? fmt::format("{} of {} ways", domain.ways, domain.of_ways)
                          : std::string("the default group's ways");
  if (domain.occupancy) text += fmt::format(", {} used", bytes_text(*domain.occupancy));
  if (!domain.total_bytes) return text;
  text += fmt::format(", {} of memory traffic", bytes_text(*domain.total_bytes));
  std::string more;
  if (domain.local_bytes) more = bytes_text(*domain.local_bytes) + " local";
  if (seconds > 0) {
    const auto rate = static_cast<uint64_t>(static_cast<double>(*domain.total_bytes) / seconds);
    more += (more.empty() ? "" : ", ") + bytes_text(rate) + "/s";
  }
  return more.empty() ? text : text + " (" + more + ")";
}

template <class T>
Json number_or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}

// What was counted since; nothing where the counter is another one by now (smaller than before).
std::optional<uint64_t> since(const std::optional<uint64_t>& now,
                              const std::optional<uint64_t>& before) {
  if (!now || !before || *now < *before) return std::nullopt;
  return *now - *before;
}

}  // namespace

std::string to_line(const RdtUse& use) {
  std::string text = use.who + ": ";
  for (const UsedDomain& domain : use.domains) {
    if (&domain != &use.domains.front()) text += "; ";
    text += domain_text(domain, use.seconds);
  }
  return text;
}

std::string to_record(const RdtUse& use, const std::string& node,
                      std::chrono::system_clock::time_point time) {
  Json l3 = Json::array();
  for (const UsedDomain& domain : use.domains) {
    l3.push_back({{"cacheId", domain.id},
                  {"ways", domain.ways},
                  {"ofWays", domain.of_ways},
                  {"occupancyBytes", number_or_null(domain.occupancy)},
                  {"totalBytes", number_or_null(domain.total_bytes)},
                  {"localBytes", number_or_null(domain.local_bytes)}});
  }
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const Json record = {
      {"time", fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                           fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)))},
      {"node", node},
      {"claim", use.claim},
      {"part", use.part},
      {"asked", use.asked},
      {"seconds", use.seconds},
      {"l3", std::move(l3)}};
  return record.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

void append_record(const std::string& path, const std::string& record) {
  const UniqueFd file =
      open_file(AT_FDCWD, path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0644);
  struct stat st {};
  check(::fstat(file.get(), &st), "fstat", path);
  if (!S_ISREG(st.st_mode) || st.st_uid != 0) {
    throw Error("refuse record file '" + path + "': it is not a regular file of root's");
  }
  write_once(file.get(), record, path);
}

std::vector<rdt::DomainFigures> RdtMeter::figures() const {
  if (place_.monitor) return place_.monitor->figures();
  return alone_ ? place_.group.figures() : std::vector<rdt::DomainFigures>();
}

RdtMeter::RdtMeter(rdt::OpenPlace place, const rdt::Holding& holding, const std::string& claim)
    : place_(std::move(place)) {
  const rdt::Layout& layout = holding.grant.layout;
  const rdt::Clos* group = layout.group_of(claim);
  const auto& l3 = holding.capability.caches.l3;
  if (group == nullptr || !l3) return;
  alone_ = group->members.size() == 1 && group->partition.empty();
  const std::vector<rdt::DomainFigures> before = figures();
  for (const size_t at : layout.member(claim)->domains.l3) {
    Domain domain;
    domain.use.id = l3->domains[at];
    domain.use.ways = group->slots.l3[at].ways.count();
    domain.use.of_ways = l3->full.count();
    const auto now = std::ranges::find(before, domain.use.id, &rdt::DomainFigures::domain);
    if (now != before.end()) {
      domain.total_before = now->mbm_total_bytes;
      domain.local_before = now->mbm_local_bytes;
    }
    domains_.push_back(domain);
  }
}

void RdtMeter::sample() {
  last_ = std::chrono::steady_clock::now();
  const std::vector<rdt::DomainFigures> counted = figures();
  for (Domain& domain : domains_) {
    const auto now = std::ranges::find(counted, domain.use.id, &rdt::DomainFigures::domain);
    if (now == counted.end()) continue;
    if (now->llc_occupancy) {
      domain.use.occupancy = std::max(domain.use.occupancy.value_or(0), *now->llc_occupancy);
    }
    domain.use.total_bytes = since(now->mbm_total_bytes, domain.total_before);
    domain.use.local_bytes = since(now->mbm_local_bytes, domain.local_before);
  }
}

RdtUse RdtMeter::use() const {
  RdtUse use;
  use.seconds = std::chrono::duration<double>(last_ - start_).count();
  for (const Domain& domain : domains_) use.domains.push_back(domain.use);
  return use;
}

}  // namespace berth::launcher
