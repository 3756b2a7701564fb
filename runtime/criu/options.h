// What berth asks of criu, as the words of its command line (criu(8)). Pure.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/spec/spec.h"

namespace berth::runtime::criu {

// What `checkpoint` and `restore` have in common.
struct Options {
  std::string image_path;           // absolute
  std::string work_path;            // absolute: where the log is; empty: image_path
  std::string manage_cgroups_mode;  // soft, full, strict, ignore; empty: soft
  bool tcp_established = false, ext_unix_sk = false, shell_job = false, file_locks = false;
  bool auto_dedup = false, lazy_pages = false;
  // What the annotation org.criu.config says; absent: runc's own file, where there is one.
  std::optional<std::string> config_file;

  const std::string& log_folder() const { return work_path.empty() ? image_path : work_path; }
};

struct PageServer {
  std::string address, port;
};

struct DumpOptions : Options {
  std::string parent_path;  // of an earlier pre-dump, from image_path
  bool leave_running = false, pre_dump = false;
  bool tcp_skip_in_flight = false, link_remap = false;
  std::optional<int> status_fd;  // open in this process
  std::optional<PageServer> page_server;
};

struct RestoreOptions : Options {
  std::string lsm_profile, lsm_mount_context;
};

// A mount whose other end is outside the container: where it is inside, without links, and which
// path of the host comes there at a restore.
struct ExternalMount {
  std::string destination, source;
  bool operator==(const ExternalMount&) const = default;
};

// Names that criu knows the namespaces by that are not the container's own, as runc has them.
inline constexpr const char* kExternalNetwork = "extRootNetNS";
inline constexpr const char* kExternalPid = "extRootPidNS";

// What is true of the container that is dumped.
struct DumpFacts {
  pid_t pid = 0;
  std::string freezer = {};                // absolute; empty: criu stops each process
  std::vector<ExternalMount> mounts = {};  // only where they are is of use
  std::vector<std::string> masked = {};    // files, each under the host's /dev/null
  std::vector<std::pair<char, ino_t>> namespaces =
      {};                               // external: n(etwork) or p(id), and its inode
  std::vector<std::string> files = {};  // `file[1f:2a]`: as in Descriptors
};
std::vector<std::string> dump_words(const DumpOptions& options, const DumpFacts& facts);

struct RestoreFacts {
  std::string root = {};    // a mount point: the root file system
  // The cgroups that its processes get instead of those that they had: `/berth/a`, or by controller,
  // `cpu:/berth/a`.
  std::vector<std::string> cgroups = {};
  std::string pid_file = {};
  std::vector<ExternalMount> mounts = {};
  bool masked = false;                      // some files are
  std::vector<std::string> inherited = {};  // `fd[1]:pipe:[4711]`
  std::vector<std::string> joined = {};     // other namespaces, `ipc:/proc/1/ns/ipc`
};
std::vector<std::string> restore_words(const RestoreOptions& options, const RestoreFacts& facts);

bool is_bind(const spec::Mount& mount);
// The bind mounts of a configuration, as it names them.
std::vector<ExternalMount> external_mounts(const spec::Spec& spec);

// `ADDRESS:PORT`. Throws Error.
PageServer parse_page_server(const std::string& text);

}  // namespace berth::runtime::criu
