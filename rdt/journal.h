// What is being done to resctrl, written down before it is done. The file exists while a change is
// under way; who finds it under resctrl's lock knows that its writer died.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "rdt/transition.h"

namespace berth::rdt {

class Journal {
 public:
  static constexpr const char* kFile = "rdt.journal";  // in the state directory
  enum class Change { take, release, restore };

  // The whole of the change in one record, on the disk before this returns.
  Journal(int state_dir, const Capability& capability, Change change, const std::string& claim,
          const Layout& to, const std::vector<Step>& steps);
  ~Journal() = default;
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // Before each step; on the disk before this returns.
  void about_to(const Step& step);
  // Once the ledger is as the kernel: the file goes.
  void done();

  struct Pending {
    Change change = Change::take;
    std::string claim;
    Layout to;
    size_t steps = 0;    // of the change
    size_t started = 0;  // of them, at least
  };
  // What a writer who died left; nothing where there is none. A record that was not written
  // completely was of a change that had not begun: it is removed.
  static std::optional<Pending> read(int state_dir, const Capability& capability);
  static void remove(int state_dir);

 private:
  int state_dir_;
  UniqueFd file_;
};

}  // namespace berth::rdt
