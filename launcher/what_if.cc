#include "launcher/what_if.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/error.h"
#include "launcher/verbs/wishes.h"

namespace berth::launcher {
namespace {

std::vector<std::string> parts_of(const std::string& text) {
  std::vector<std::string> parts;
  for (size_t from = 0; from <= text.size();) {
    const size_t comma = std::min(text.find(',', from), text.size());
    const std::string part = text.substr(from, comma - from);
    // `cores=0-3,8`: no option begins with a digit.
    const bool goes_on = !part.empty() && std::isdigit(static_cast<unsigned char>(part[0])) != 0;
    if (goes_on && !parts.empty()) {
      parts.back() += "," + part;
    } else {
      parts.push_back(part);
    }
    from = comma + 1;
  }
  return parts;
}

std::string allowed_parts() {
  std::string list;
  for (const RdtOption& option : kRdtOptions)
    list += fmt::format("{}={}, ", option.name, option.value);
  for (const RdtFlag& flag : kRdtFlags) list += std::string(flag.name) + ", ";
  return list + "cores=LIST and name=CLAIM";
}

void take_part(const std::string& part, WhatIf& step) {
  const size_t equals = part.find('=');
  const std::string name = part.substr(0, equals);
  if (equals == std::string::npos) {
    const auto flag =
        std::ranges::find(kRdtFlags, name, [](const RdtFlag& f) { return std::string(f.name); });
    if (flag != kRdtFlags.end()) {
      step.wish.rdt.*flag->set = true;
      return;
    }
  } else {
    const std::string value = part.substr(equals + 1);
    const auto option = std::ranges::find(kRdtOptions, name,
                                          [](const RdtOption& o) { return std::string(o.name); });
    if (option != kRdtOptions.end()) {
      step.wish.rdt.*option->text = value;
      return;
    }
    if (name == "cores" || (name == "name" && !value.empty())) {
      (name == "cores" ? step.wish.cores : step.claim) = value;
      return;
    }
  }
  throw Error(fmt::format("--what-if={}: '{}': allowed are {}", step.text, part, allowed_parts()));
}

std::string holders_of(const rdt::Layout& layout, const std::string& group) {
  const rdt::Clos* clos = layout.find(group);
  if (clos == nullptr) return group;  // a partition's region
  std::vector<std::string> holders;
  for (const rdt::Member& member : clos->members) holders.push_back(member.purpose);
  return fmt::format("{}", fmt::join(holders, ", "));
}

// What the kernel would hold.
rdt::KernelState imagined_kernel(const rdt::Capability& capability, const rdt::Layout& layout,
                                 std::vector<rdt::Foreign> foreign) {
  rdt::KernelState state;
  for (const rdt::Cache which : rdt::kCaches) {
    const auto& cache = capability.caches[which];
    for (size_t i = 0; cache && i < cache->domains.size(); ++i) {
      state.default_group.masks[which].push_back(rdt::default_in(*cache, layout, which, i));
    }
  }
  for (const rdt::Clos& group : layout.groups) {
    state.groups.push_back({group.name, rdt::control_of(capability, layout, group)});
  }
  state.foreign = std::move(foreign);
  return state;
}

class Trial {
 public:
  Trial(const NodeFacts& node, const Policy& policy) : policy_(policy), result_{{}, node} {
    if (node.layout.groups.empty()) {
      result_.node.layout.original = node.kernel.default_group.masks;
    }
  }

  WhatIfResult run(const std::vector<WhatIf>& steps) {
    for (const WhatIf& step : steps) {
      try {
        result_.outcomes.push_back(step.release ? release(step) : request(step));
      } catch (const Error& e) {
        throw e.within(step.text);
      }
    }
    NodeFacts& node = result_.node;
    node.kernel = imagined_kernel(*node.capability, node.layout, std::move(node.kernel.foreign));
    return std::move(result_);
  }

 private:
  WhatIfOutcome release(const WhatIf& step) {
    NodeFacts& node = result_.node;
    const size_t forgotten = std::erase_if(
        node.claims, [&](const ClaimFacts& claim) { return claim.name == step.claim; });
    if (forgotten == 0 && node.layout.member(step.claim) == nullptr) {
      return rdt::Refusal{fmt::format("there is no claim '{}'", step.claim)};
    }
    node.layout = node.layout.without(step.claim);
    return WhatIfReleased{};
  }

  WhatIfOutcome request(const WhatIf& step) {
    NodeFacts& node = result_.node;
    const bool taken =
        std::ranges::find(node.claims, step.claim, &ClaimFacts::name) != node.claims.end();
    if (taken || node.layout.member(step.claim) != nullptr) {
      return rdt::Refusal{fmt::format("there is a claim '{}' already", step.claim)};
    }
    WhatIfGrant grant{{}, to_request(step.wish), {}, {}};
    grant.request.claim = grant.request.purpose = step.claim;
    const topology::CpuSet cpus = to_cpus(step.wish, node.machine);
    auto planned = make_plan(node.machine, node.capability, policy_, grant.request, cpus, false);
    if (auto* refusal = std::get_if<rdt::Refusal>(&planned)) return std::move(*refusal);
    grant.plan = std::get<Plan>(std::move(planned));
    if (grant.plan.wish) {
      auto tried =
          try_out({*node.capability, node.layout, node.kernel.foreign}, grant.plan, grant.request);
      if (auto* refusal = std::get_if<rdt::Refusal>(&tried)) return std::move(*refusal);
      grant.got = std::get<DryRun>(std::move(tried));
      for (const rdt::Moved& moved : grant.got->grant.moved) {
        grant.movers.push_back(holders_of(node.layout, moved.holder));
      }
      node.layout = grant.got->grant.layout;
    }
    node.claims.push_back({step.claim, {{"what-if", {}, cpus.to_list()}}});
    return grant;
  }

  const Policy& policy_;
  WhatIfResult result_;
};

}  // namespace

WhatIf parse_what_if(const std::string& text, size_t number) {
  WhatIf step{text, fmt::format("what_if_{}", number), false, {}};
  for (const std::string& part : parts_of(text)) take_part(part, step);
  return step;
}

bool WhatIfResult::refused() const {
  return std::ranges::any_of(outcomes, [](const WhatIfOutcome& outcome) {
    return std::holds_alternative<rdt::Refusal>(outcome);
  });
}

WhatIfResult try_steps(const NodeFacts& node, const Policy& policy,
                       const std::vector<WhatIf>& steps) {
  return Trial(node, policy).run(steps);
}

}  // namespace berth::launcher
