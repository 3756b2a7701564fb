#include "launcher/rdt_wish.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace berth::launcher {
namespace {

using rdt::Cache;

// Refusals travel through the steps as this and never leave the file.
struct Refused {
  std::string reason;
};

class WishMaker {
 public:
  WishMaker(const std::optional<rdt::Capability>& capability, const RdtPolicy& policy,
            const RdtRequest& request, const Asker& asker, const topology::Placement& placement,
            bool is_a_wish)
      : capability_(capability),
        policy_(policy),
        request_(request),
        asker_(asker),
        placement_(placement),
        is_a_wish_(is_a_wish) {}

  RdtWish run() {
    if (request_.empty()) return {};
    if (capability_) place();
    allow();
    if (request_.empty()) return {};  // a wish of which the policy leaves nothing
    wish_.asked = request_.text();
    wish_.shared = request_.shared;
    if (!request_.rdt_class.empty()) {
      ask_class();
    } else {
      ask_l3();
      ask_l2();
      ask_bandwidth();
    }
    if (!anything_) return std::move(made_);
    if (wish_.domains.l3.empty() && wish_.domains.l2.empty()) {
      refuse(fmt::format("CPUs {} share no L3 cache", placement_.cpus.to_list()));
    }
    made_.wish = std::move(wish_);
    return std::move(made_);
  }

 private:
  [[noreturn]] void refuse(const std::string& why) const {
    throw Refused{fmt::format("{} refused: {}", request_.text(), why)};
  }

  // False, with a warning, where the node lacks it and may.
  bool lacks(const std::string& why, bool optional, const std::string& option) {
    if (why.empty()) return false;
    if (!optional) refuse(why);
    made_.warnings.push_back(fmt::format("{}: {} is ignored", why, option));
    return true;
  }

  std::string absence_of(Cache cache) const {
    if (!capability_) return "no RDT on this node (resctrl is not mounted at /sys/fs/resctrl)";
    if (capability_->caches[cache]) return {};
    return fmt::format("this node's RDT cannot divide the {}", rdt::name_of(cache));
  }

  std::string absence_of_bandwidth() const {
    if (!capability_) return "no RDT on this node (resctrl is not mounted at /sys/fs/resctrl)";
    if (capability_->throttles.mb) return {};
    return "this node's RDT cannot limit memory bandwidth";
  }

  void ask_l3() {
    if (!request_.asks_l3()) return;
    RdtRequest only;
    only.l3 = request_.l3;
    only.l3_code = request_.l3_code;
    only.l3_data = request_.l3_data;
    std::string why = absence_of(Cache::l3);
    if (why.empty() && request_.l3_code && !capability_->caches.l3->code_data) {
      why = "resctrl is mounted without cdp, so code and data cannot be told apart";
    }
    if (lacks(why, policy_.l3_optional, only.text())) return;
    wish_.caches.l3 =
        rdt::CacheWish{request_.l3, request_.l3_code, request_.l3_data, request_.at_most.l3};
    anything_ = true;
  }

  void ask_l2() {
    if (!request_.l2) return;
    const std::string option = "--l2=" + rdt::to_string(*request_.l2);
    if (lacks(absence_of(Cache::l2), policy_.l2_optional, option)) return;
    wish_.caches.l2 = rdt::CacheWish{request_.l2, {}, {}, request_.at_most.l2};
    anything_ = true;
  }

  void ask_bandwidth() {
    if (!request_.mbw) return;
    const std::string option = "--mbw=" + rdt::to_string(*request_.mbw);
    if (lacks(absence_of_bandwidth(), policy_.mb_optional, option)) return;
    (void)rdt::figure_of(*request_.mbw, *capability_->throttles.mb);  // the unit, at least
    wish_.throttles.mb = request_.mbw;
    anything_ = true;
  }

  void ask_class() {
    const auto found = find_class(policy_, request_.rdt_class);
    if (!found) {
      std::vector<std::string> names;
      for (const RdtPartition& partition : policy_.partitions) {
        for (const RdtClass& one : partition.classes) names.push_back(one.name);
      }
      refuse(names.empty() ? "the policy has no classes"
                           : fmt::format("the policy's classes are {}", fmt::join(names, ", ")));
    }
    const auto& [partition, chosen] = *found;
    wish_.of_class = rdt::ClassWish{partition->name, chosen->name, {}, {}};
    for (const Cache cache : rdt::kCaches) ask_class_cache(cache, *partition, *chosen);
    if ((!chosen->mb && !partition->mb) || lacks(absence_of_bandwidth(), policy_.mb_optional,
                                                 "the memory bandwidth of " + request_.text())) {
      return;
    }
    const bool percent = capability_->throttles.mb->unit == rdt::BandwidthCapability::Unit::percent;
    const auto unit =
        percent ? rdt::Bandwidth::Unit::percent : rdt::Bandwidth::Unit::bytes_per_second;
    wish_.throttles.mb = bandwidth_of(*partition, *chosen, unit);
    if (!wish_.throttles.mb) refuse("the class's memory bandwidth is in no unit of this node's");
    anything_ = true;
  }

  void ask_class_cache(Cache cache, const RdtPartition& partition, const RdtClass& chosen) {
    const auto& whole = partition.caches[cache];
    if (!whole) return;
    const bool optional = cache == Cache::l3 ? policy_.l3_optional : policy_.l2_optional;
    if (lacks(absence_of(cache), optional,
              fmt::format("the {} of {}", rdt::name_of(cache), request_.text())))
      return;
    if (whole->all) wish_.of_class->of_cache[cache] = whole->all->all;
    for (const auto& [id, amount] : whole->by_id) {
      if (amount.all) wish_.of_class->of_domain[cache][id] = *amount.all;
    }
    if (const auto& part = chosen.caches[cache]) {
      wish_.caches[cache] = part->all;
      wish_.in_domain[cache] = part->by_id;
    }
    anything_ = true;
  }

  // Every cache that resctrl divides here counts, asked for or not: a group has a mask in each.
  void place() {
    const auto share = [](const topology::CacheShare& from) {
      return rdt::DomainShare{from.id, from.bytes, from.cpus, from.all_cpus};
    };
    if (capability_->caches.l3 || capability_->throttles.mb || capability_->throttles.smba) {
      for (const auto& one : topology::l3_shares(placement_)) {
        wish_.domains.l3.push_back(share(one));
      }
    }
    if (capability_->caches.l2) {
      for (const auto& one : topology::l2_shares(placement_)) {
        wish_.domains.l2.push_back(share(one));
      }
    }
  }

  // The policy's rule for who asks: more than it allows is refused, and what only is a wish, as
  // `auto`, held to it.
  void allow() {
    std::optional<JobCaches> caches;
    if (capability_) caches.emplace(JobCaches{*capability_, wish_.domains, policy_.layout});
    if (!is_a_wish_) {
      if (auto why = refusal_of(policy_, request_, asker_, caches ? &*caches : nullptr)) {
        throw Refused{std::move(*why)};
      }
    }
    request_ = clamped(policy_, request_, asker_);
  }

  const std::optional<rdt::Capability>& capability_;
  const RdtPolicy& policy_;
  RdtRequest request_;
  const Asker& asker_;
  const topology::Placement& placement_;
  const bool is_a_wish_;
  rdt::Wish wish_;
  RdtWish made_;
  bool anything_ = false;
};

}  // namespace

std::variant<RdtWish, rdt::Refusal> make_wish(const std::optional<rdt::Capability>& capability,
                                              const RdtPolicy& policy, const RdtRequest& request,
                                              const Asker& asker,
                                              const topology::Placement& placement,
                                              bool is_a_wish) {
  try {
    return WishMaker(capability, policy, request, asker, placement, is_a_wish).run();
  } catch (const Refused& refused) {
    return rdt::Refusal{refused.reason};
  } catch (const Error& error) {  // units, cache ids
    return rdt::Refusal{fmt::format("{} refused: {}", request.text(), error.message())};
  }
}

}  // namespace berth::launcher
