#include "launcher/verbs/matching.h"

#include <regex.h>

#include "base/error.h"
#include "base/json_node.h"
#include "launcher/log.h"
#include "runtime/state/state.h"

namespace berth::launcher {
namespace {

class Pattern {
 public:
  explicit Pattern(const std::string& text) {
    const int failure = ::regcomp(&compiled_, text.c_str(), REG_EXTENDED | REG_NOSUB);
    if (failure == 0) return;
    char why[128];
    ::regerror(failure, &compiled_, why, sizeof why);
    throw Error("--regex: " + in_quotes(text) + " is not a regular expression: " + why);
  }
  ~Pattern() { ::regfree(&compiled_); }
  Pattern(const Pattern&) = delete;
  Pattern& operator=(const Pattern&) = delete;
  bool matches(const std::string& text) const {
    return ::regexec(&compiled_, text.c_str(), 0, nullptr, 0) == 0;
  }

 private:
  regex_t compiled_{};
};

}  // namespace

std::vector<std::string> matching_ids(const RuntimeOptions& runtime, const std::string& pattern) {
  const Pattern compiled(pattern);
  const auto root = runtime::StateRoot::open_if_exists(runtime.root);
  std::vector<std::string> ids = root ? root->ids() : std::vector<std::string>{};
  std::erase_if(ids, [&](const std::string& id) { return !compiled.matches(id); });
  return ids;
}

bool for_each_match(const RuntimeOptions& runtime, const std::string& pattern,
                    const std::function<void(const std::string& id)>& work) {
  bool all_well = true;
  for (const std::string& id : matching_ids(runtime, pattern)) {
    try {
      work(id);
    } catch (const std::exception& e) {
      const auto root = runtime::StateRoot::open_if_exists(runtime.root);
      if (!root || !root->find_if_exists(id)) continue;
      log(runtime, Level::error, e.what());
      all_well = false;
    }
  }
  return all_well;
}

}  // namespace berth::launcher
