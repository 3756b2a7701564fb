#include "runtime/criu/options.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "base/error.h"
#include "tests/support/message_of.h"

namespace berth::runtime::criu {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using Words = std::vector<std::string>;

// What follows the option, each time that it is there.
Words values(const Words& words, const std::string& option) {
  Words found;
  for (size_t i = 0; i + 1 < words.size(); ++i) {
    if (words[i] == option) found.push_back(words[i + 1]);
  }
  return found;
}

// Without a configuration file, whatever this host has.
DumpOptions dump_options() {
  DumpOptions options;
  options.image_path = "/img";
  options.config_file = "";
  return options;
}

RestoreOptions restore_options() {
  RestoreOptions options;
  options.image_path = "/img";
  options.config_file = "";
  return options;
}

TEST(CriuOptions, OfAPlainDump) {
  EXPECT_THAT(dump_words(dump_options(), {.pid = 42, .freezer = "/sys/fs/cgroup/berth/a"}),
              ElementsAre("dump", "--no-default-config", "--images-dir", "/img", "--log-file",
                          "dump.log", "-v4", "--manage-cgroups=soft", "--empty-ns", "net", "--tree",
                          "42", "--freeze-cgroup", "/sys/fs/cgroup/berth/a"));
}

TEST(CriuOptions, OfAPlainRestore) {
  EXPECT_THAT(
      restore_words(restore_options(), {.root = "/r", .cgroups = {"/berth/a"}, .pid_file = "/p"}),
      ElementsAre("restore", "--no-default-config", "--images-dir", "/img", "--log-file",
                  "restore.log", "-v4", "--manage-cgroups=soft", "--empty-ns", "net", "--root",
                  "/r", "--pidfile", "/p", "--restore-detached", "--restore-sibling",
                  "--evasive-devices", "--cgroup-root", "/berth/a"));
}

TEST(CriuOptions, FlagsAreThoseOfCriu) {
  DumpOptions options = dump_options();
  options.work_path = "/work";
  options.manage_cgroups_mode = "ignore";
  options.tcp_established = options.ext_unix_sk = options.shell_job = options.file_locks = true;
  options.auto_dedup = options.lazy_pages = options.leave_running = true;
  options.tcp_skip_in_flight = options.link_remap = true;
  options.status_fd = 5;
  options.page_server = PageServer{"::1", "27"};
  const Words words = dump_words(options, {.pid = 1});
  for (const char* const flag :
       {"--manage-cgroups=ignore", "--tcp-established", "--ext-unix-sk", "--shell-job",
        "--file-locks", "--auto-dedup", "--lazy-pages", "--leave-running", "--skip-in-flight",
        "--link-remap", "--page-server"}) {
    EXPECT_THAT(words, Contains(Eq(flag)));
  }
  EXPECT_THAT(values(words, "--work-dir"), ElementsAre("/work"));
  EXPECT_THAT(values(words, "--status-fd"), ElementsAre("5"));
  EXPECT_THAT(values(words, "--address"), ElementsAre("::1"));
  EXPECT_THAT(values(words, "--port"), ElementsAre("27"));
  EXPECT_THAT(words, Not(Contains(Eq("--track-mem"))));
  EXPECT_EQ(options.log_folder(), "/work");
}

TEST(CriuOptions, APreDumpIsOfMemoryAlone) {
  DumpOptions options = dump_options();
  options.pre_dump = true;
  options.leave_running = true;
  options.parent_path = "../earlier";
  const Words words =
      dump_words(options, {.pid = 1, .mounts = {{"/data", "/data"}}, .masked = {"/proc/kcore"}});
  EXPECT_EQ(words.front(), "pre-dump");
  EXPECT_THAT(words, Contains(Eq("--track-mem")));
  EXPECT_THAT(values(words, "--prev-images-dir"), ElementsAre("../earlier"));
  EXPECT_THAT(values(words, "--external"), IsEmpty());
  EXPECT_THAT(words, Not(Contains(Eq("--leave-running"))));
}

TEST(CriuOptions, WhatIsOutsideIsNamed) {
  const Words dumped = dump_words(dump_options(), {.pid = 1,
                                                   .mounts = {{"/data", ""}},
                                                   .masked = {"/proc/kcore"},
                                                   .namespaces = {{'n', 77}, {'p', 78}},
                                                   .files = {"file[1f:2a]"}});
  EXPECT_THAT(values(dumped, "--external"),
              ElementsAre("net[77]:extRootNetNS", "pid[78]:extRootPidNS", "mnt[/data]:/data",
                          "mnt[/proc/kcore]:/dev/null", "file[1f:2a]"));
  RestoreOptions options = restore_options();
  options.lsm_profile = "apparmor:x";
  options.lsm_mount_context = "ctx";
  const Words restored =
      restore_words(options, {.mounts = {{"/data", "/srv/data"}},
                              .masked = true,
                              .inherited = {"fd[1]:pipe:[4]", "fd[9]:extRootNetNS"},
                              .joined = {"ipc:/proc/1/ns/ipc"}});
  EXPECT_THAT(values(restored, "--external"),
              ElementsAre("mnt[/data]:/srv/data", "mnt[/dev/null]:/dev/null"));
  EXPECT_THAT(values(restored, "--inherit-fd"),
              ElementsAre("fd[1]:pipe:[4]", "fd[9]:extRootNetNS"));
  EXPECT_THAT(values(restored, "--join-ns"), ElementsAre("ipc:/proc/1/ns/ipc"));
  EXPECT_THAT(values(restored, "--lsm-profile"), ElementsAre("apparmor:x"));
  EXPECT_THAT(values(restored, "--lsm-mount-context"), ElementsAre("ctx"));
  EXPECT_THAT(values(restored, "--cgroup-root"), IsEmpty());
}

TEST(CriuOptions, AConfigurationFileThatIsNotThereIsPassedOver) {
  DumpOptions options = dump_options();
  options.config_file = "/none/criu.conf";
  EXPECT_THAT(dump_words(options, {}), Not(Contains(Eq("--config"))));
  options.config_file = "/etc/passwd";
  EXPECT_THAT(values(dump_words(options, {}), "--config"), ElementsAre("/etc/passwd"));
}

TEST(CriuOptions, ExternalMountsAreTheBinds) {
  spec::Spec spec;
  spec.mounts = {{"/proc", "proc", "proc", {}},
                 {"/data", "bind", "/srv/data", {"ro"}},
                 {"/more", "none", "/srv/more", {"rbind"}},
                 {"/x", "", "/srv/x", {"bind", "nosuid"}},
                 {"/data", "bind", "/srv/data", {"remount", "bind", "ro"}}};
  EXPECT_THAT(external_mounts(spec),
              ElementsAre(ExternalMount{"/data", "/srv/data"}, ExternalMount{"/more", "/srv/more"},
                          ExternalMount{"/x", "/srv/x"}));
}

TEST(CriuOptions, APageServerIsAnAddressAndAPort) {
  EXPECT_EQ(parse_page_server("10.0.0.1:27").address, "10.0.0.1");
  EXPECT_EQ(parse_page_server("10.0.0.1:27").port, "27");
  EXPECT_EQ(parse_page_server("[::1]:27").address, "::1");
  for (const char* const text : {"", "host", "host:", ":27", "host:0", "host:65536", "host:x"}) {
    EXPECT_THAT(test::message_of([&] { (void)parse_page_server(text); }),
                HasSubstr("--page-server: '" + std::string(text) + "' is not ADDRESS:PORT"))
        << text;
  }
}

}  // namespace
}  // namespace berth::runtime::criu
