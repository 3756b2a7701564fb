// The user's side of step_namespace.h.
#include "launcher/step_namespace.h"

#include <unistd.h>

#include "base/error.h"
#include "launcher/bundle_wish.h"
#include "launcher/task.h"
#include "runtime/process/step_namespace.h"
#include "runtime/spec/parse.h"

namespace berth::launcher {
namespace {

// Whether the caller is 0 inside: where the bundle's process is root, and may be. Any other user
// than that or the caller itself cannot be had by mapping one id.
bool root_inside(const runtime::spec::User& user, const std::string& bundle, bool keep_ids) {
  if (user.uid == 0) return !keep_ids;
  if (user.uid == ::geteuid()) return false;
  throw Error("bundle '" + bundle + "': config.json: process.user.uid: " +
              std::to_string(user.uid) + " cannot be had: a job's task is 0 or the job's own " +
              std::to_string(::geteuid()) + " inside");
}

}  // namespace

int serve_step_namespace(const std::string& bundle, bool keep_ids, int socket) {
  try {
    const UniqueFd dir = runtime::spec::open_bundle(bundle);
    const runtime::spec::Spec spec = load_runnable_bundle(dir.get(), bundle);
    const bool root = root_inside(spec.process->user, bundle, keep_ids);
    const UniqueFd made =
        runtime::make_user_namespace(root ? 0 : ::geteuid(), root ? 0 : ::getegid());
    const int fds[] = {made.get()};
    const std::string wish =
        spec.linux_.intel_rdt ? to_words(options_of(*spec.linux_.intel_rdt)) : "";
    send_message(socket, (root ? "0" : "own") + wish, fds);
    return 0;
  } catch (const std::exception& e) {
    send_message(socket, e.what());
    return 1;
  }
}

}  // namespace berth::launcher
