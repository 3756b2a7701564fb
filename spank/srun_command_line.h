// What of srun's own command line SPANK does not tell a plugin. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace berth::spank {

struct SrunOptions {
  std::optional<std::string> export_option;  // the last --export
  std::optional<std::string> chdir;          // the last --chdir or -D
  bool multi_prog = false;                   // --multi-prog
  bool operator==(const SrunOptions&) const = default;
};

// `options` are srun's arguments between its name and the command (argv[1] to argv[optind - 1]).
// Long options may be abbreviated as getopt_long(3) allows, values may stand apart.
SrunOptions parse_srun_options(const std::vector<std::string>& options);

}  // namespace berth::spank
