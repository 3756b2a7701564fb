#include "rdt/ledger.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/file.h"

namespace berth::rdt {

namespace {

constexpr const char* kFile = "rdt.json";

}  // namespace

Layout read_ledger(int state_dir, const Capability& capability) {
  const std::optional<std::string> text = read_file_if_exists(state_dir, kFile);
  if (!text) return {};
  try {
    Layout layout = layout_from_text(*text, capability);
    return layout.groups.empty() ? Layout() : layout;
  } catch (const std::exception&) {
    throw Error(fmt::format("the ledger '{}' is damaged: it is not what berth writes", kFile));
  }
}

void write_ledger(int state_dir, const Capability& capability, const Layout& layout) {
  replace_file(state_dir, kFile, to_text(capability, layout) + "\n", 0644);
}

}  // namespace berth::rdt
