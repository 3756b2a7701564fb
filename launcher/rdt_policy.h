// What the admin allows of the node's caches and memory bandwidth: the policy's key `rdt`. Pure.
#pragma once

#include <sys/types.h>

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "launcher/rdt_request.h"
#include "rdt/layout.h"
#include "rdt/wish.h"

namespace berth::launcher {

// goresctrl's words: of one cache, for all of its domains or some of them. Where a wish has `all`
// and the two others, `all` is for mounts that do not tell code and data apart.
struct CacheAllocation {
  std::optional<rdt::CacheWish> all;         // `"60%"`, `{"all": ...}`
  std::map<unsigned, rdt::CacheWish> by_id;  // `{"0": "60%"}`, cache ids
  const rdt::CacheWish* at(unsigned id) const;
  // The same as the engine takes it: one amount, or one for code and one for data.
  std::optional<rdt::CacheWish> wish(unsigned id, bool code_data) const;
  bool operator==(const CacheAllocation&) const = default;
};

// At most one amount of each unit, of which a node takes the one that it counts in:
// `["50%", "8GBps"]`.
struct BandwidthAllocation {
  std::vector<rdt::Bandwidth> choices;
  const rdt::Bandwidth* in(rdt::Bandwidth::Unit unit) const;
  bool operator==(const BandwidthAllocation&) const = default;
};

struct RdtClass {
  std::string name;
  rdt::PerCache<std::optional<CacheAllocation>> caches;  // of the partition's ways
  std::optional<BandwidthAllocation> mb;                 // see bandwidth_of
  bool operator==(const RdtClass&) const = default;
};

struct RdtPartition {
  std::string name;
  // Of the whole cache; never with code and data.
  rdt::PerCache<std::optional<CacheAllocation>> caches;
  std::optional<BandwidthAllocation> mb;  // ceiling of its classes
  std::vector<RdtClass> classes;
  bool operator==(const RdtPartition&) const = default;
};

// Who asks, from Slurm's own records and never from the job's environment.
struct Asker {
  uid_t uid = 0;
  std::string user, account, partition;
};

// The name of a uid in the system's user database; empty where it has none.
std::string user_name(uid_t uid);

// The first rule whose selectors all fit (one that is empty fits everybody) says what may be asked;
// where none fits all may be.
struct RdtRule {
  std::vector<std::string> users, accounts, partitions;
  std::optional<rdt::Amount> l3_max, l2_max;
  std::optional<BandwidthAllocation> mbw_max;
  bool l3 = true, l2 = true, mbw = true;            // may be asked for at all
  bool exclusive = true;                            // false: only with --l3-share, or a class
  std::optional<std::vector<std::string>> classes;  // nothing: all of them
  const std::optional<rdt::Amount>& max_of(rdt::Cache cache) const;
  bool may_have_class(const std::string& name) const;
  bool operator==(const RdtRule&) const = default;
};

struct RdtPolicy {
  enum class Report { off, summary };
  rdt::Rules layout;
  // Whether a node without a resource runs a job that asked for it, with a warning, or refuses it.
  bool l3_optional = true, l2_optional = true, mb_optional = true;
  Report report = Report::summary;
  std::string record;  // file to which a JSON line is added for each step; empty: none
  std::vector<RdtPartition> partitions;
  std::vector<RdtRule> rules;
  bool operator==(const RdtPolicy&) const = default;
};

const RdtRule* rule_for(const RdtPolicy& policy, const Asker& asker);

// The caches that a job would have a part of.
struct JobCaches {
  const rdt::Capability& capability;
  const rdt::PerCache<std::vector<rdt::DomainShare>>& domains;
  const rdt::Rules& rules;
};

// Nothing, or the one line that says what the rule does not allow. Amounts of one unit are compared
// as they are; of different units as the ways that they come to in `caches`, and not at all where
// those are not known yet. `auto` is never over a ceiling: see clamped.
std::optional<std::string> refusal_of(const RdtPolicy& policy, const RdtRequest& request,
                                      const Asker& asker, const JobCaches* caches = nullptr);

// What the rule leaves of the request: without what may not be asked for, shared where it must be,
// bandwidth no more than its ceiling, and caches with theirs (`at_most`). For a request that
// refusal_of has nothing against, whose `auto` may be over a ceiling, and for a bundle's
// linux.intelRdt, which is a wish and nothing to refuse.
RdtRequest clamped(const RdtPolicy& policy, RdtRequest request, const Asker& asker);

// The class and its partition; nothing where there is none of that name.
std::optional<std::pair<const RdtPartition*, const RdtClass*>> find_class(const RdtPolicy& policy,
                                                                          const std::string& name);

// A class's bandwidth on a node that counts in `unit`, as goresctrl reckons it: a share is of its
// partition's share, a rate at most its partition's; without one of its own the partition's.
// Nothing: no limit.
std::optional<rdt::Bandwidth> bandwidth_of(const RdtPartition& partition, const RdtClass& of_it,
                                           rdt::Bandwidth::Unit unit);

}  // namespace berth::launcher
