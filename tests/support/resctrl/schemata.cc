#include "tests/support/resctrl/schemata.h"

#include <fmt/format.h>

#include <bit>
#include <cerrno>
#include <limits>
#include <map>
#include <utility>

#include "tests/support/resctrl/control.h"
#include "tests/support/resctrl/kernel_text.h"

namespace berth::test::resctrl {

namespace {

class Writer {
 public:
  Writer(State& state, const Group& group) : state_(state), group_(group) {}

  int read(std::string_view text) {
    std::optional<std::string_view> lines = text;
    while (lines) {
      if (const int error = read_line(cut(lines, '\n'))) return error;
    }
    return 0;
  }

  void apply() const {
    for (const auto& [where, value] : staged_) {
      where.first->values[where.second][group_.closid] = value;
    }
  }

 private:
  int refuse(const std::string& line) { return state_.status.put(EINVAL, line); }

  int read_line(std::string_view line) {
    std::optional<std::string_view> rest = line;
    const std::string name(stripped(cut(rest, ':')));
    if (!rest) return refuse("Missing ':'");
    if (rest->empty()) return refuse(fmt::format("Missing '{}' value", name));
    Schema* schema = state_.schema(name);
    if (schema == nullptr || group_.closid >= schema->closids) {
      return refuse(fmt::format("Unknown or unsupported resource name '{}'", name));
    }
    while (rest && !rest->empty()) {
      if (const int error = read_domain(*schema, cut(rest, ';'))) return error;
    }
    return 0;
  }

  int read_domain(Schema& schema, std::string_view text) {
    std::optional<std::string_view> value = text;
    const std::string_view number = cut(value, '=');
    uint64_t id = 0;
    if (!value || read_number(number, 10, std::numeric_limits<uint64_t>::max(), id) != 0) {
      return refuse("Missing '=' or non-numeric domain");
    }
    for (size_t i = 0; i < schema.domains().size(); ++i) {
      if (schema.domains()[i].id != id) continue;
      const std::string word(stripped(*value));
      if (staged_.contains({&schema, i})) return refuse(fmt::format("Duplicate domain {}", id));
      return schema.cache != nullptr ? read_mask(schema, i, word) : read_rate(schema, i, word);
    }
    return EINVAL;  // the kernel gives no reason
  }

  int read_mask(Schema& schema, size_t domain, const std::string& word) {
    uint64_t mask = 0;
    if (read_number(word, 16, std::numeric_limits<uint64_t>::max(), mask) != 0) {
      return refuse("Non-hex character in the mask " + word);
    }
    if (const int error = check_form(*schema.cache, mask)) return error;
    const auto bits = static_cast<uint32_t>(mask);
    if ((bits & schema.locked[domain]) != 0)
      return refuse("CBM overlaps with pseudo-locked region");
    if (overlaps(state_, schema, domain, bits, group_.closid, true)) {
      return refuse("Overlaps with exclusive group");
    }
    if (group_.mode == Mode::exclusive &&
        overlaps(state_, schema, domain, bits, group_.closid, false)) {
      return refuse("Overlaps with other group");
    }
    staged_[{&schema, domain}] = bits;
    return 0;
  }

  int check_form(const Cache& cache, uint64_t mask) {
    const bool empty_allowed = state_.profile.empty_masks() && cache.min_bits == 0;
    if ((mask == 0 && !empty_allowed) || mask > cache.full()) return refuse("Mask out of range");
    const int first = mask == 0 ? 0 : std::countr_zero(mask);
    const int run = std::countr_one(mask >> first);
    if (!cache.sparse && (mask >> first >> run) != 0) {
      return refuse(fmt::format("The mask {:x} has non-consecutive 1-bits", mask));
    }
    // Of a sparse mask, too, only the lowest run is counted.
    if (static_cast<unsigned>(run) < cache.min_bits) {
      return refuse(fmt::format("Need at least {} bits in the mask", cache.min_bits));
    }
    return 0;
  }

  int read_rate(Schema& schema, size_t domain, const std::string& word) {
    const Bandwidth& limits = *schema.bandwidth;
    uint64_t rate = 0;
    if (read_number(word, 10, std::numeric_limits<uint32_t>::max(), rate) != 0) {
      return refuse("Invalid MB value " + word);
    }
    if (schema.software) {
      // Known to no other line of the same write: it stays if one of them is refused.
      if (state_.profile.bandwidth_staged()) {
        staged_[{&schema, domain}] = static_cast<uint32_t>(rate);
      } else {
        schema.values[domain][group_.closid] = static_cast<uint32_t>(rate);
      }
      return 0;
    }
    if (rate < limits.min || rate > limits.max) {
      return refuse(fmt::format("MB value {} out of range [{},{}]", rate, limits.min, limits.max));
    }
    const uint64_t step = limits.granularity;
    staged_[{&schema, domain}] = static_cast<uint32_t>((rate + step - 1) / step * step);
    return 0;
  }

  State& state_;
  const Group& group_;
  std::map<std::pair<Schema*, size_t>, uint32_t> staged_;
};

}  // namespace

int write_schemata(State& state, const Group& group, std::string_view written) {
  if (written.empty() || written.back() != '\n') {
    if (!state.profile.from(Kernel::v7_0)) return EINVAL;
    return state.status.put(EINVAL, "schemata: Invalid input");
  }
  written.remove_suffix(1);
  state.status.clear();
  Writer writer(state, group);
  if (const int error = writer.read(until_nul(written))) return error;
  writer.apply();
  return 0;
}

}  // namespace berth::test::resctrl
