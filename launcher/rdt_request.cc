#include "launcher/rdt_request.h"

#include <algorithm>

#include "base/error.h"
#include "base/json_node.h"

namespace berth::launcher {
namespace {

std::optional<rdt::Amount> amount_of(const char* option, const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  try {
    return rdt::parse_amount(*text);
  } catch (const Error& e) {
    throw e.within(option);
  }
}

void refuse_together(const RdtOptions& options) {
  if (options.l3 && (options.l3_code || options.l3_data)) {
    throw Error("--l3 is for code and data alike: give it, or --l3-code and --l3-data");
  }
  if (options.l3_code.has_value() != options.l3_data.has_value()) {
    throw Error("--l3-code and --l3-data go together");
  }
  if (options.l3_share && options.l3_exclusive) {
    throw Error("--l3-share and --l3-exclusive exclude each other");
  }
  const bool cache = options.l3 || options.l3_code || options.l2;
  if (options.l3_share && !cache) throw Error("--l3-share needs --l3");
  if (options.l3_exclusive && !cache) throw Error("--l3-exclusive needs --l3");
  if (options.rdt_class && (cache || options.mbw)) {
    throw Error("--rdt-class says it all: --l3, --l2 and --mbw do not go with it");
  }
  if (options.rdt_class && !is_rdt_name(*options.rdt_class)) {
    throw Error("--rdt-class: " + in_quotes(*options.rdt_class) +
                " is not a name; allowed are the classes of the policy");
  }
}

// Twice the share of the CPUs would be more than that share.
void refuse_automatic(const char* option, const std::optional<rdt::Amount>& amount) {
  if (!amount || amount->unit != rdt::Amount::Unit::automatic) return;
  throw Error(std::string(option) +
              ": 'auto' is for code and data together; allowed are ways ('4w'), a share ('1%' to "
              "'100%') or a size ('8MiB')");
}

}  // namespace

bool is_rdt_name(std::string_view text) {
  constexpr std::string_view kAllowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
  return !text.empty() && text.find_first_not_of(kAllowed) == std::string_view::npos;
}

const std::array<RdtOption, 6> kRdtOptions{{
    {"l3", "AMOUNT", "L3 cache of each socket used: 4w (ways), 50%, 8MiB, auto", &RdtOptions::l3},
    {"l3-code", "AMOUNT", "the same for code alone, with --l3-data (cdp)", &RdtOptions::l3_code},
    {"l3-data", "AMOUNT", "the same for data alone, with --l3-code (cdp)", &RdtOptions::l3_data},
    {"l2", "AMOUNT", "L2 cache of each core used, as --l3", &RdtOptions::l2},
    {"mbw", "RATE", "memory bandwidth under each L3: 50%, or 8GBps", &RdtOptions::mbw},
    {"rdt-class", "CLASS", "cache and bandwidth as the policy's class has them",
     &RdtOptions::rdt_class},
}};
const std::array<RdtFlag, 2> kRdtFlags{{
    {"l3-share", "let those ways be shared with others", &RdtOptions::l3_share},
    {"l3-exclusive", "keep those ways from all others (the default)", &RdtOptions::l3_exclusive},
}};

RdtRequest parse_rdt_options(const RdtOptions& options) {
  RdtRequest request;
  request.l3 = amount_of("--l3", options.l3);
  request.l3_code = amount_of("--l3-code", options.l3_code);
  request.l3_data = amount_of("--l3-data", options.l3_data);
  refuse_automatic("--l3-code", request.l3_code);
  refuse_automatic("--l3-data", request.l3_data);
  request.l2 = amount_of("--l2", options.l2);
  if (options.mbw) {
    try {
      request.mbw = rdt::parse_bandwidth(*options.mbw);
    } catch (const Error& e) {
      throw e.within("--mbw");
    }
  }
  refuse_together(options);
  request.rdt_class = options.rdt_class.value_or("");
  request.shared = options.l3_share;
  return request;
}

bool any(const RdtOptions& options) {
  return std::ranges::any_of(kRdtOptions, [&](const auto& o) { return bool(options.*o.text); }) ||
         std::ranges::any_of(kRdtFlags, [&](const auto& flag) { return options.*flag.set; });
}

std::string to_words(const RdtOptions& options) {
  std::string words;
  for (const RdtOption& option : kRdtOptions) {
    if (const auto& text = options.*option.text) {
      words += "\n" + std::string(option.name) + "=" + *text;
    }
  }
  for (const RdtFlag& flag : kRdtFlags) {
    if (options.*flag.set) words += "\n" + std::string(flag.name);
  }
  return words;
}

RdtOptions options_from_words(std::string_view text) {
  RdtOptions options;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const size_t equals = line.find('=');
    const std::string_view name = line.substr(0, equals);
    const auto option = std::ranges::find(kRdtOptions, name, &RdtOption::name);
    if (option != kRdtOptions.end() && equals != std::string_view::npos) {
      options.*option->text = std::string(line.substr(equals + 1));
    }
    const auto flag = std::ranges::find(kRdtFlags, name, &RdtFlag::name);
    if (flag != kRdtFlags.end()) options.*flag->set = true;
  }
  return options;
}

std::string RdtRequest::text() const {
  std::string text;
  const auto add = [&](const char* option, const std::string& value) {
    text += (text.empty() ? "" : " ") + std::string(option) + (value.empty() ? "" : "=" + value);
  };
  if (l3) add("--l3", rdt::to_string(*l3));
  if (l3_code) add("--l3-code", rdt::to_string(*l3_code));
  if (l3_data) add("--l3-data", rdt::to_string(*l3_data));
  if (l2) add("--l2", rdt::to_string(*l2));
  if (mbw) add("--mbw", rdt::to_string(*mbw));
  if (!rdt_class.empty()) add("--rdt-class", rdt_class);
  if (shared) add("--l3-share", "");
  return text;
}

}  // namespace berth::launcher
