// What a claim asks of resctrl, policy already applied. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "rdt/amount.h"
#include "rdt/capability.h"

namespace berth::rdt {

// `all` for code and data alike, or ways for each of the two, apart (a mount with cdp).
struct CacheWish {
  std::optional<Amount> all, code, data;
  // Never more ways than this comes to, in each cache for itself; then code and data in proportion.
  std::optional<Amount> at_most = {};
  bool operator==(const CacheWish&) const = default;
};

// A class of the policy's: its partition has the ways, the class a part of them.
struct ClassWish {
  std::string partition, name;
  PerCache<std::optional<Amount>> of_cache;  // the partition's; nothing: this cache is not divided
  PerCache<std::map<unsigned, Amount>> of_domain = {};  // the same for single domains, by cache id
  const Amount* in(Cache cache, unsigned domain) const;
  bool operator==(const ClassWish&) const = default;
};

struct Wish {
  std::string asked;  // for people: `50%`, `l3=4w mbw=50%`
  // Without a class, of the cache; with one, of its partition. A cache not wished for is used as
  // the default group uses it.
  PerCache<std::optional<CacheWish>> caches;
  PerCache<std::map<unsigned, CacheWish>> in_domain =
      {};  // the same for single domains, by cache id
  PerThrottle<std::optional<Bandwidth>> throttles;
  bool shared = false;  // may overlap the default group and other sharers; never exclusive ways
  std::optional<ClassWish> of_class;
  bool monitored = true;  // false: there is no monitor group to be had
  // Where it has CPUs.
  PerCache<std::vector<DomainShare>> domains;
  const CacheWish* in(Cache cache, unsigned domain) const;
  bool operator==(const Wish&) const = default;
};

inline const Amount* ClassWish::in(Cache cache, unsigned domain) const {
  const auto own = of_domain[cache].find(domain);
  if (own != of_domain[cache].end()) return &own->second;
  return of_cache[cache] ? &*of_cache[cache] : nullptr;
}

inline const CacheWish* Wish::in(Cache cache, unsigned domain) const {
  const auto own = in_domain[cache].find(domain);
  if (own != in_domain[cache].end()) return &own->second;
  return caches[cache] ? &*caches[cache] : nullptr;
}

}  // namespace berth::rdt
