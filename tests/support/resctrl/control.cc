#include "tests/support/resctrl/control.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cerrno>

namespace berth::test::resctrl {

namespace {

Mode mode_of(const State& state, unsigned closid) {
  const auto group = std::ranges::find_if(
      state.groups, [&](const auto& candidate) { return candidate->closid == closid; });
  return group == state.groups.end() ? Mode::shareable : (*group)->mode;
}

bool overlaps_in(const State& state, const Schema& schema, size_t domain, uint32_t mask,
                 unsigned closid, bool exclusive_only) {
  if (!exclusive_only && (mask & schema.cache->shareable) != 0) return true;
  for (unsigned other = 0; other < state.closids.size(); ++other) {
    if (!state.closids[other] || other == closid) continue;
    if ((mask & schema.values[domain][other]) == 0) continue;
    if (!exclusive_only || mode_of(state, other) == Mode::exclusive) return true;
  }
  return false;
}

// cbm_ensure_valid: the lowest run of ones.
uint32_t lowest_run(uint32_t bits) {
  if (bits == 0) return 0;
  const int first = std::countr_zero(bits);
  const int length = std::countr_one(bits >> first);
  return length == 32 ? bits : ((uint32_t{1} << length) - 1) << first;
}

uint32_t first_mask(const State& state, const Schema& schema, size_t domain, unsigned closid) {
  uint32_t used = schema.cache->shareable, shared = used;
  for (unsigned other = 0; other < state.closids.size(); ++other) {
    if (!state.closids[other] || other == closid) continue;
    uint32_t theirs = schema.values[domain][other];
    if (schema.peer != nullptr) theirs |= schema.peer->values[domain][other];
    used |= theirs;
    if (mode_of(state, other) == Mode::shareable) shared |= theirs;
  }
  used |= schema.locked[domain];
  return lowest_run(shared | (~used & schema.cache->full()));
}

char letter(bool hardware, bool software, bool exclusive, bool locked) {
  if (hardware) return software ? 'X' : 'H';
  if (software) return 'S';
  return exclusive ? 'E' : locked ? 'P' : '0';
}

std::string value_text(const State& state, const Schema& schema, uint32_t value) {
  const size_t width = state.profile.values_padded() ? state.value_width : 0;
  return schema.cache ? fmt::format("{:0{}x}", value, width) : fmt::format("{:{}}", value, width);
}

template <class Value>
std::string table(const State& state, const Value& value_of) {
  std::string text;
  for (const auto& schema : state.schemas) {
    text += fmt::format("{:>{}}:", schema->name, state.name_width);
    for (size_t i = 0; i < schema->domains().size(); ++i) {
      text +=
          fmt::format("{}{}={}", i == 0 ? "" : ";", schema->domains()[i].id, value_of(*schema, i));
    }
    text += '\n';
  }
  return text;
}

}  // namespace

bool overlaps(const State& state, const Schema& schema, size_t domain, uint32_t mask,
              unsigned closid, bool exclusive_only) {
  if (overlaps_in(state, schema, domain, mask, closid, exclusive_only)) return true;
  return schema.peer != nullptr &&
         overlaps_in(state, *schema.peer, domain, mask, closid, exclusive_only);
}

int check_exclusive(State& state, const Group& group) {
  bool has_cache = false;
  for (const auto& schema : state.schemas) {
    if (schema->cache == nullptr) continue;
    has_cache = true;
    for (size_t i = 0; i < schema->domains().size(); ++i) {
      if (overlaps(state, *schema, i, schema->values[i][group.closid], group.closid, false)) {
        return state.status.put(EINVAL, "Schemata overlaps");
      }
    }
  }
  return has_cache ? 0 : state.status.put(EINVAL, "Cannot be exclusive without CAT/CDP");
}

int give_first_values(State& state, const Group& group) {
  if (!state.profile.modes()) return 0;  // 4.18: a CLOSID has what its last owner left it
  for (const auto& schema : state.schemas) {
    for (size_t i = 0; i < schema->domains().size(); ++i) {
      uint32_t value = schema->unlimited();
      if (schema->cache != nullptr) {
        value = first_mask(state, *schema, i, group.closid);
        if (static_cast<unsigned>(std::popcount(value)) < schema->cache->min_bits) {
          return state.status.put(
              ENOSPC, fmt::format("No space on {}:{}", schema->name, schema->domains()[i].id));
        }
      }
      schema->values[i][group.closid] = value;
    }
  }
  return 0;
}

std::string bit_usage(const State& state, const Schema& schema) {
  std::string text;
  for (size_t i = 0; i < schema.domains().size(); ++i) {
    uint32_t shared = 0, exclusive = 0;
    for (unsigned closid = 0; closid < state.closids.size(); ++closid) {
      if (!state.closids[closid]) continue;
      const bool alone = mode_of(state, closid) == Mode::exclusive;
      (alone ? exclusive : shared) |= schema.values[i][closid];
    }
    text += fmt::format("{}{}=", i == 0 ? "" : ";", schema.domains()[i].id);
    for (unsigned bit = schema.cache->ways; bit-- > 0;) {
      const auto has = [&](uint32_t bits) { return (bits >> bit & 1) != 0; };
      text +=
          letter(has(schema.cache->shareable), has(shared), has(exclusive), has(schema.locked[i]));
    }
  }
  return text + '\n';
}

std::string schemata_text(const State& state, const Group& group) {
  return table(state, [&](const Schema& schema, size_t domain) {
    return value_text(state, schema, schema.values[domain][group.closid]);
  });
}

std::string size_text(const State& state, const Group& group) {
  return table(state, [&](const Schema& schema, size_t domain) {
    const uint32_t value = schema.values[domain][group.closid];
    if (schema.cache == nullptr) return std::to_string(value);
    const auto bits = static_cast<unsigned>(std::popcount(value));
    return std::to_string(schema.cache->bytes / schema.cache->ways * bits);
  });
}

}  // namespace berth::test::resctrl
