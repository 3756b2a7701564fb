// The OCI runtime's verbs. Each throws Error or returns the exit status.
#pragma once

#include <string>
#include <vector>

namespace berth::launcher {

// The options before the verb.
struct RuntimeOptions {
  std::string root;  // of the containers' states
  std::string log;   // a file that errors are written to as well
  bool log_json = false;
};

struct CreateOptions {
  std::string id, bundle = ".", config_file, console_socket, pid_file;
  unsigned preserve_fds = 0;
  bool no_pivot = false, no_new_keyring = false;
  bool detach = false, keep = false;  // run alone
  std::vector<int> descriptors;       // open when the program started
};
int create(const RuntimeOptions& runtime, const CreateOptions& options);
int run(const RuntimeOptions& runtime, const CreateOptions& options);
int start(const RuntimeOptions& runtime, const std::string& id);
int state(const RuntimeOptions& runtime, const std::string& id);

struct KillOptions {
  std::string id, signal = "SIGTERM";
  bool all = false;
};
int kill(const RuntimeOptions& runtime, const KillOptions& options);

struct DeleteOptions {
  std::string id;
  bool force = false;
};
int remove(const RuntimeOptions& runtime, const DeleteOptions& options);

struct ListOptions {
  bool json = false, quiet = false;
};
int list(const RuntimeOptions& runtime, const ListOptions& options);

}  // namespace berth::launcher
