#include "launcher/task.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <map>

#include "base/error.h"
#include "base/file.h"
#include "tests/support/message_of.h"
#include "tests/support/temporary_folder.h"

namespace berth::launcher {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<runtime::LateLimit> handed(std::initializer_list<const char*> names) {
  std::vector<runtime::LateLimit> limits;
  for (const char* name : names) {
    limits.push_back({open_file(AT_FDCWD, "/dev/null", O_WRONLY), "max", name});
  }
  return limits;
}

std::vector<std::string> written(const runtime::LateLimits& limits) {
  std::vector<std::string> lines;
  for (const auto& limit : limits.limits) lines.push_back(limit.name + "=" + limit.value);
  return lines;
}

TEST(RunTask, ABundleThatChangesTheHostIsRefused) {
  const test::TemporaryFolder bundle;
  bundle.write("runtime.json", "{}");
  auto sockets = socket_pair();
  Handoff handoff;
  handoff.bundle = bundle.path();
  send_handoff(sockets.first.get(), handoff);
  EXPECT_EQ(test::message_of([&] { run_task(sockets.second.release(), {}); }),
            "bundle '" + bundle.path() +
                "': runtime.json: for root's berth run, create and launch: a job's tasks change "
                "nothing of the host");
}

TEST(FinalLimits, TheTighterOfCeilingAndBundle) {
  runtime::spec::Resources wished;
  wished.memory_limit = 500;
  wished.pids_limit = 50;
  EXPECT_THAT(
      written(final_limits(handed({"memory.max", "memory.swap.max", "pids.max"}), 1000, 5, wished)),
      ElementsAre("memory.max=500", "memory.swap.max=0", "pids.max=5"));
  EXPECT_THAT(written(final_limits(handed({"memory.limit_in_bytes", "memory.memsw.limit_in_bytes"}),
                                   100, {}, {})),
              ElementsAre("memory.limit_in_bytes=100", "memory.memsw.limit_in_bytes=100"));
}

TEST(FinalLimits, WhatNobodyLimitsIsNotWritten) {
  runtime::spec::Resources wished;
  wished.memory_limit = -1;
  EXPECT_THAT(written(final_limits(handed({"memory.max", "pids.max"}), {}, {}, wished)), IsEmpty());
}

TEST(FinalLimits, ALimitThatCannotBeGivenIsAnErrorNotSilence) {
  runtime::spec::Resources wished;
  wished.pids_limit = 1;
  EXPECT_THROW((void)final_limits(handed({"memory.max"}), {}, {}, wished), Error);
  wished = {};
  wished.memory_limit = 1 << 20;
  EXPECT_THROW((void)final_limits({}, {}, {}, wished), Error);
}

TEST(StepBinds, ArePmixsDirectoriesAndMungeWhereItAuthenticates) {
  const auto sources = [](const std::vector<std::string>& environment) {
    std::vector<std::string> result;
    for (const auto& bind : step_binds(environment)) result.push_back(bind.source);
    return result;
  };
  EXPECT_THAT(sources({"HOME=/root"}), IsEmpty());
  EXPECT_THAT(
      sources({"PMIX_SERVER_TMPDIR=/spool/pmix.7.0/", "PMIX_NAMESPACE=slurm.pmix.7.0",
               "PMIX_SYSTEM_TMPDIR=/tmp", "PMIX_SECURITY_MODE=munge,native"}),
      ElementsAre("/spool/pmix.7.0", "/tmp/spmix_appdir_" + std::to_string(::getuid()) + "_7.0",
                  "/run/munge"));
  EXPECT_THAT(sources({"PMIX_SERVER_TMPDIR=relative", "PMIX_NAMESPACE=slurm.pmix.../../x"}),
              IsEmpty());
}

class MakeEntry : public ::testing::Test {
 protected:
  MakeEntry() {
    spec_.process.emplace();
    spec_.process->args = {"/bin/from-bundle"};
  }
  runtime::Entry entry() {
    return make_entry(spec_, open_dir(AT_FDCWD, "/"), std::move(handoff_),
                      {environment_, "/work", descriptors_});
  }
  std::vector<std::string> environment_{"SLURM_PROCID=1"};
  UniqueFd socket_ = std::move(socket_pair().first);
  std::vector<int> descriptors_{0, 1, 2, socket_.get()};
  runtime::spec::Spec spec_;
  Handoff handoff_;
};

TEST_F(MakeEntry, SrunsCommandReplacesTheBundles) {
  handoff_.command = {"./app", "x"};
  EXPECT_THAT(entry().spec.process->args, ElementsAre("./app", "x"));
}

TEST_F(MakeEntry, WithoutACommandOrWithAnEmptyWordTheBundlesRuns) {
  EXPECT_THAT(entry().spec.process->args, ElementsAre("/bin/from-bundle"));
  handoff_.command = {""};
  EXPECT_THAT(entry().spec.process->args, ElementsAre("/bin/from-bundle"));
}

TEST_F(MakeEntry, TheDirectoryIsPreferredAndRequiredOnlyWhereGiven) {
  const auto plain = entry();
  EXPECT_EQ(plain.preferred_cwd, "/work");
  EXPECT_FALSE(plain.require_preferred_cwd);
  handoff_.chdir = "/app";
  const auto made = entry();
  EXPECT_EQ(made.preferred_cwd, "/app");
  EXPECT_TRUE(made.require_preferred_cwd);
}

TEST_F(MakeEntry, PolicyLeavesNamespacesWithTheHost) {
  using runtime::spec::NamespaceType;
  const std::map<std::string, NamespaceType> kinds{{"network", NamespaceType::network},
                                                   {"ipc", NamespaceType::ipc},
                                                   {"pid", NamespaceType::pid},
                                                   {"uts", NamespaceType::uts}};
  spec_.linux_.namespaces = {{NamespaceType::mount, ""}};
  for (const auto& [name, type] : kinds) spec_.linux_.namespaces.push_back({type, ""});
  for (const auto& [left, _] : kinds) {
    handoff_.host_namespaces = {left};
    const auto made = entry();
    EXPECT_TRUE(made.spec.has_namespace(NamespaceType::mount));
    for (const auto& [name, type] : kinds) {
      EXPECT_EQ(made.spec.has_namespace(type), name != left) << name << " beside " << left;
    }
  }
}

TEST_F(MakeEntry, WhatAJobsUserHasNoRightToIsLeftOut) {
  spec_.linux_.cgroups_path = "/mine";
  spec_.process->terminal = true;
  const auto made = entry();
  EXPECT_EQ(made.spec.linux_.cgroups_path, "");
  EXPECT_FALSE(made.spec.process->terminal) << "srun's";
}

TEST_F(MakeEntry, TheEnvironmentIsMerged) {
  spec_.process->env = {"PATH=/app", "SLURM_PROCID=9", "MINE=bundle"};
  environment_ = {"PATH=/host", "SLURM_PROCID=1", "MINE=task", "PMIX_SERVER_TMPDIR=/spool/pmix"};
  handoff_.exported = {"MINE"};
  const auto made = entry();
  EXPECT_THAT(made.spec.process->env, ElementsAre("PATH=/app", "SLURM_PROCID=1", "MINE=task",
                                                  "PMIX_SERVER_TMPDIR=/spool/pmix"));
  EXPECT_EQ(made.binds.back().source, "/spool/pmix");
}

TEST_F(MakeEntry, ThePolicysBindsAreShownAsItSays) {
  handoff_.binds = {{"/a", "/b", true, false}, {"/c", "/c", false, true}};
  const auto made = entry();
  ASSERT_GE(made.binds.size(), 2U);
  const auto is = [](const runtime::HostBind& bind, const PolicyBind& asked) {
    return bind.source == asked.source && bind.destination == asked.destination &&
           bind.readonly == asked.readonly && bind.optional == asked.optional;
  };
  EXPECT_TRUE(is(made.binds[0], {"/a", "/b", true, false}));
  EXPECT_TRUE(is(made.binds[1], {"/c", "/c", false, true}));
}

TEST_F(MakeEntry, TheStepsUserNamespaceAndItsIdsAreTheProgramsOwn) {
  EXPECT_FALSE(entry().user_namespace);
  handoff_.user_namespace = open_file(AT_FDCWD, "/proc/self/ns/user", O_RDONLY);
  handoff_.inside_uid = 7;
  handoff_.inside_gid = 8;
  const auto made = entry();
  EXPECT_TRUE(made.user_namespace && *made.user_namespace);
  EXPECT_EQ(made.spec.process->user.uid, 7U);
  EXPECT_EQ(made.spec.process->user.gid, 8U);
}

TEST_F(MakeEntry, CeilingsAreTheHandoffs) {
  handoff_.limits = handed({"memory.max", "pids.max"});
  handoff_.task_memory = 4096;
  handoff_.task_pids = 3;
  EXPECT_THAT(written(entry().limits), ElementsAre("memory.max=4096", "pids.max=3"));
}

TEST_F(MakeEntry, Pmi2sSocketStaysOpen) {
  environment_ = {"PMI_FD=" + std::to_string(descriptors_.back())};
  EXPECT_THAT(entry().fds.keep, ElementsAre(descriptors_.back()));
}

TEST_F(MakeEntry, ShmIsTheHostsUnlessTheBundleHasItsOwnIpc) {
  EXPECT_EQ(entry().binds.size(), 1U);
  spec_.linux_.namespaces = {{runtime::spec::NamespaceType::ipc, ""}};
  EXPECT_THAT(entry().binds, IsEmpty());
}

TEST_F(MakeEntry, WhatThePolicyShowsAlreadyIsNotShownTwice) {
  handoff_.binds = {{"/dev/shm", "/dev/shm", false, false}};
  EXPECT_EQ(entry().binds.size(), 1U);
}

TEST_F(MakeEntry, TheBatchScriptIsShownUnderItsPath) {
  handoff_.batch_script = "/spool/job1/slurm_script";
  const auto made = entry();
  EXPECT_EQ(made.binds.back().destination, "/spool/job1/slurm_script");
  EXPECT_TRUE(made.binds.back().readonly);
}

}  // namespace
}  // namespace berth::launcher
