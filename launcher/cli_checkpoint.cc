#include "launcher/cli_checkpoint.h"

#include <memory>

#include "launcher/verbs/checkpoint_verbs.h"

namespace berth::launcher {
namespace {

// What both have.
void add_both(CLI::App* verb, runtime::criu::Options& o) {
  verb->add_option("--image-path", o.image_path, "where the files are (default: ./checkpoint)")
      ->type_name("DIR");
  verb->add_option("--work-path", o.work_path, "where the log goes (default: --image-path)")
      ->type_name("DIR");
  verb->add_flag("--tcp-established", o.tcp_established, "also with open TCP connections");
  verb->add_flag("--ext-unix-sk", o.ext_unix_sk, "also with unix sockets to the outside");
  verb->add_flag("--shell-job", o.shell_job, "also with the terminal that it was started from");
  verb->add_flag("--file-locks", o.file_locks, "also with locks on files");
  verb->add_option("--manage-cgroups-mode", o.manage_cgroups_mode,
                   "what of the cgroups inside is saved and made again (default: soft)")
      ->check(CLI::IsMember({"soft", "full", "strict", "ignore"}));
  // It is so in any case, as it is with runc.
  verb->add_option_function<std::vector<std::string>>(
          "--empty-ns", [](const std::vector<std::string>&) {},
          "the network namespace is made empty: network")
      ->allow_extra_args(false)
      ->check(CLI::IsMember({"network"}));
  verb->add_flag("--auto-dedup", o.auto_dedup, "give back what newer files of memory repeat");
  verb->add_flag("--lazy-pages", o.lazy_pages, "memory is fetched when it is asked for");
}

void add_checkpoint(CLI::App& app, const Choose& choose) {
  const auto options = std::make_shared<CheckpointOptions>();
  runtime::criu::DumpOptions& o = options->request.options;
  CLI::App* verb = app.add_subcommand("checkpoint", "save a running container in files");
  add_both(verb, o);
  verb->add_option("--parent-path", o.parent_path,
                   "files of an earlier --pre-dump, from --image-path")
      ->type_name("DIR");
  verb->add_flag("--leave-running", o.leave_running, "it goes on");
  verb->add_flag("--pre-dump", o.pre_dump, "only the memory, and it goes on");
  verb->add_flag("--tcp-skip-in-flight", o.tcp_skip_in_flight,
                 "leave out TCP connections that are being made");
  verb->add_flag("--link-remap", o.link_remap, "link files again that were unlinked");
  verb->add_option("--status-fd", options->status_fd,
                   "descriptor that hears when --lazy-pages is ready")
      ->type_name("N");
  verb->add_option("--page-server", options->page_server, "where memory is sent to")
      ->type_name("ADDRESS:PORT");
  verb->add_option("id", options->id, "the container's id")->required();
  choose(verb, [options](const RuntimeOptions& r) { return checkpoint(r, *options); });
}

void add_restore(CLI::App& app, const Choose& choose) {
  const auto options = std::make_shared<RestoreVerbOptions>();
  runtime::CreateRequest& create = options->request.create;
  create.detached = false;
  CLI::App* verb = app.add_subcommand("restore", "let a saved container go on, and wait for it");
  add_both(verb, options->request.options);
  verb->add_option("-b,--bundle", create.bundle, "OCI bundle (default: this directory)")
      ->type_name("DIR");
  verb->add_option("--console-socket", create.console_socket,
                   "unix socket that the terminal's master is sent to")
      ->type_name("PATH");
  verb->add_flag("-d,--detach", create.detached, "do not wait for it");
  verb->add_option("--pid-file", create.pid_file, "file that the process' pid is written to")
      ->type_name("FILE");
  verb->add_flag_function(
      "--no-subreaper", [](int64_t) {}, "accepted: berth is none");
  verb->add_flag_function(
      "--no-pivot", [](int64_t) {}, "accepted: where the root cannot be exchanged it is covered");
  verb->add_option("--lsm-profile", options->request.options.lsm_profile,
                   "another security profile: apparmor:NAME, selinux:LABEL")
      ->type_name("TYPE:NAME");
  verb->add_option("--lsm-mount-context", options->request.options.lsm_mount_context,
                   "another SELinux context of its mounts")
      ->type_name("CONTEXT");
  verb->add_option("id", create.id, "the container's id")->required();
  choose(verb, [options](const RuntimeOptions& r) { return restore(r, *options); });
}

}  // namespace

void offer_checkpoint_verbs(VerbTable& table, CLI::App& app, const Choose& choose) {
  table.offer("checkpoint", [&app, choose] { add_checkpoint(app, choose); });
  table.offer("restore", [&app, choose] { add_restore(app, choose); });
}

}  // namespace berth::launcher
