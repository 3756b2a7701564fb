#include "tests/support/resctrl/actors.h"

#include <cerrno>

namespace berth::test::resctrl {

unsigned make_all_classes(Model& model) {
  unsigned made = 0;
  for (unsigned number = 1;; ++number) {
    const int error = model.mkdir("COS" + std::to_string(number));
    if (error != 0 && error != EEXIST) return made;
    if (error == 0) ++made;
  }
}

unsigned remove_others(Model& model, const std::set<std::string>& mine) {
  unsigned removed = 0;
  for (const std::string& name : model.list("").names) {
    if (name == "info" || name == "mon_groups" || name == "mon_data" || mine.contains(name))
      continue;
    if (model.rmdir(name) == 0) ++removed;  // ENOTDIR: a file
  }
  return removed;
}

}  // namespace berth::test::resctrl
