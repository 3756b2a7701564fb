#include "tests/rdt/node.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "rdt/transition.h"

namespace berth::rdt {

namespace {

constexpr uint64_t kL3Bytes = 11 << 20;

std::vector<DomainShare> shares(const std::vector<unsigned>& ids) {
  std::vector<DomainShare> result;
  for (const unsigned id : ids) result.push_back({id, kL3Bytes, 4, 8});
  return result;
}

void add(std::string& list, unsigned id, const std::string& value) {
  list += fmt::format("{}{}={}", list.empty() ? "" : ";", id, value);
}

}  // namespace

CacheWish cache_wish(std::string_view amount) {
  return {parse_amount(amount), {}, {}};
}

CacheWish apart(std::string_view code, std::string_view data) {
  return {{}, parse_amount(code), parse_amount(data)};
}

Wish wish_for(std::string_view amount, const std::vector<unsigned>& l3) {
  Wish wish;
  wish.asked = amount;
  wish.caches.l3 = cache_wish(amount);
  wish.domains.l3 = shares(l3);
  return wish;
}

Wish shared_wish(std::string_view amount, const std::vector<unsigned>& l3) {
  Wish wish = wish_for(amount, l3);
  wish.shared = true;
  return wish;
}

Wish code_data_wish(std::string_view code, std::string_view data, const std::vector<unsigned>& l3) {
  Wish wish;
  wish.asked = "code and data";
  wish.caches.l3 = apart(code, data);
  wish.domains.l3 = shares(l3);
  return wish;
}

Wish bandwidth_wish(std::string_view bandwidth, const std::vector<unsigned>& l3) {
  Wish wish;
  wish.asked = bandwidth;
  wish.throttles.mb = parse_bandwidth(bandwidth);
  wish.domains.l3 = shares(l3);
  return wish;
}

Node::Node(uint64_t full, uint64_t shareable, std::vector<unsigned> domains, unsigned min_ways) {
  capability.caches.l3 = CacheCapability{WayMask(full), WayMask(shareable), min_ways, 16, false,
                                         false,         std::move(domains)};
  capability.monitor = MonitorCapability{64, {"llc_occupancy"}};
  capability.max_groups = 15;
}

void Node::add_l2(uint64_t full, std::vector<unsigned> domains) {
  capability.caches.l2 =
      CacheCapability{WayMask(full), WayMask(), 1, 16, false, false, std::move(domains)};
}

void Node::add_bandwidth() {
  capability.throttles.mb = BandwidthCapability{BandwidthCapability::Unit::percent, 10, 10, 100, 16,
                                                capability.caches.l3->domains};
}

void Node::add_stranger(const std::string& name, const std::vector<uint64_t>& l3) {
  Foreign stranger{name, {}};
  for (const uint64_t ways : l3) stranger.ways.l3.emplace_back(ways);
  if (capability.caches.l2) stranger.ways.l2.resize(capability.caches.l2->domains.size());
  foreign.push_back(std::move(stranger));
}

std::variant<Grant, Refusal> Node::ask(const std::string& claim, const Wish& wish) const {
  return allocate(capability, layout, foreign, claim, "job " + claim, wish, rules);
}

Grant Node::take(const std::string& claim, const Wish& wish) {
  auto answer = ask(claim, wish);
  if (const Refusal* refusal = std::get_if<Refusal>(&answer)) {
    ADD_FAILURE() << claim << ": " << refusal->reason;
    return {};
  }
  Grant grant = std::get<Grant>(std::move(answer));
  EXPECT_EQ(grant.group, grant.layout.group_of(claim)->name);
  layout = grant.layout;
  return grant;
}

std::string Node::refusal(const Wish& wish) const {
  const auto answer = ask("refused", wish);
  const Refusal* refusal = std::get_if<Refusal>(&answer);
  return refusal == nullptr ? "granted" : refusal->reason;
}

std::string Node::masks(const std::string& claim, Cache cache) const {
  const CacheCapability& of = *capability.caches[cache];
  std::string list;
  for (size_t domain = 0; domain < of.domains.size(); ++domain) {
    const Masks held = claim.empty() ? default_in(of, layout, cache, domain)
                                     : masks_of(of, layout, *layout.group_of(claim), cache, domain);
    add(list, of.domains[domain],
        held.data == held.code ? held.data.to_hex()
                               : held.data.to_hex() + "/" + held.code.to_hex());
  }
  return list;
}

std::string Node::figures(const std::string& claim) const {
  const Control control = control_of(capability, layout, *layout.group_of(claim));
  std::string list;
  for (size_t i = 0; i < control.figures.mb.size(); ++i) {
    add(list, capability.throttles.mb->domains[i], std::to_string(control.figures.mb[i]));
  }
  return list;
}

std::vector<std::string> told(const std::vector<Moved>& moves) {
  std::vector<std::string> lines;
  for (const Moved& move : moves) {
    lines.push_back(fmt::format("{}: {} {} {}->{}", move.holder, name_of(move.cache), move.domain,
                                move.from.to_hex(), move.to.to_hex()));
  }
  return lines;
}

}  // namespace berth::rdt
