#include "runtime/state/state.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/process_identity.h"
#include "tests/support/message_of.h"
#include "tests/support/temporary_folder.h"

namespace berth::runtime {
namespace {

using test::message_of;
using testing::ElementsAre;
using testing::HasSubstr;

class StateTest : public testing::Test {
 protected:
  std::string path() const { return folder_.path() + "/some/root"; }
  Record record() const {
    Record record;
    record.id = "web";
    record.oci_version = "1.2.0";
    record.bundle = "/srv/bundle";
    record.rootfs = "/srv/bundle/rootfs";
    record.created = "2026-11-22T20:00:00Z";
    record.owner = 0;
    record.pid = 77;
    record.start_time = 123456;
    record.cgroup = "berth/web";
    record.cgroup_tops = {"berth", {{"/sys/fs/cgroup/pids", "pods/7"}}};
    record.unit = "berth-web.scope";
    record.annotations = {{"a", "b"}};
    record.cache_group = CacheGroup{"web", "web", true, false};
    record.new_keyring = false;
    record.late_hooks = true;
    return record;
  }
  test::TemporaryFolder folder_{0755};
};

TEST_F(StateTest, ARecordIsReadBackAsItWasWritten) {
  const StateRoot root = StateRoot::open(path());
  const StateFolder made = root.create("web");
  EXPECT_FALSE(made.find_record());
  made.write(record());
  EXPECT_EQ(root.find("web").record(), record());
  EXPECT_THAT(root.ids(), ElementsAre("web"));
}

TEST_F(StateTest, OfARecordThatIsAsItWasWrittenNothingIsRead) {
  const StateRoot root = StateRoot::open(path());
  const StateFolder made = root.create("web"), others = root.find("web");
  EXPECT_FALSE(made.find_changed_record());
  made.write(record());
  EXPECT_FALSE(made.find_changed_record());
  EXPECT_EQ(others.find_changed_record(), record());
  Record changed = record();
  ++changed.pid;
  others.write(changed);
  EXPECT_EQ(made.find_changed_record(), changed);
  std::optional<NextFile> next;
  made.write_next(record(), next);
  EXPECT_EQ(made.find_changed_record(), changed);
  next->commit();
  EXPECT_FALSE(made.find_changed_record());
}

TEST_F(StateTest, FoldersAreTheMakersAlone) {
  const StateRoot root = StateRoot::open(path());
  (void)root.create("web");
  struct stat status {};
  for (const std::string& name : {path(), path() + "/web"}) {
    ASSERT_EQ(::stat(name.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0700U) << name;
  }
}

TEST_F(StateTest, RefusesARootThatOthersMayWriteTo) {
  (void)StateRoot::open(path());
  ASSERT_EQ(::chmod(path().c_str(), 0777), 0);
  EXPECT_THAT(message_of([&] { (void)StateRoot::open(path()); }), HasSubstr("others may write"));
  EXPECT_THAT(message_of([&] { (void)StateRoot::open_if_exists(path()); }),
              HasSubstr("others may write"));
  ASSERT_EQ(::chmod(path().c_str(), 0700), 0);
  if (::chown(path().c_str(), 65534, 65534) < 0) GTEST_SKIP() << "chown: errno " << errno;
  EXPECT_THAT(message_of([&] { (void)StateRoot::open(path()); }), HasSubstr("somebody else"));
}

TEST_F(StateTest, AnIdIsTakenOnce) {
  const StateRoot root = StateRoot::open(path());
  (void)root.create("web");
  EXPECT_EQ(message_of([&] { (void)root.create("web"); }), "container 'web' exists already");
  EXPECT_EQ(message_of([&] { (void)root.find("other"); }), "container 'other' does not exist");
  EXPECT_FALSE(StateRoot::open_if_exists(path() + "/none"));
}

TEST_F(StateTest, RefusesIdsThatLeadElsewhere) {
  const StateRoot root = StateRoot::open(path());
  for (const char* id : {"", ".", "..", ".x", "a/b", "../x", "a b", "a\n", "\xc3\xa4"}) {
    EXPECT_THAT(message_of([&] { (void)root.create(id); }), HasSubstr("letters, digits")) << id;
    EXPECT_THAT(message_of([&] { (void)root.find(id); }), HasSubstr("letters, digits")) << id;
  }
  EXPECT_NO_THROW((void)root.create("A-z_0+9.x"));
  EXPECT_THAT(message_of([&] { (void)root.create(std::string(201, 'a')); }), HasSubstr("200"));
}

TEST_F(StateTest, RemovesAllThatIsInAFolder) {
  const StateRoot root = StateRoot::open(path());
  const StateFolder made = root.create("web");
  made.write(record());
  made.keep_configuration("{}");
  (void)make_dir(made.fd(), "notify", 0755);
  for (const char* file : {"start", "anything", "notify/socket"}) {
    write_all(open_file(made.fd(), file, O_WRONLY | O_CREAT, 0600).get(), "x", file);
  }
  made.remove();
  EXPECT_TRUE(root.ids().empty());
  EXPECT_NO_THROW((void)root.create("web"));
}

TEST_F(StateTest, ALockEndsThoughAForkedChildHasItsDescriptor) {
  const StateRoot root = StateRoot::open(path());
  const StateFolder made = root.create("web");
  pid_t child = -1;
  {
    const StateLock lock = made.lock();
    child = ::fork();
    if (child == 0) {
      for (;;) ::pause();
    }
  }
  ::alarm(20);
  (void)made.lock();
  ::alarm(0);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}

TEST_F(StateTest, ALockedFolderMakesOthersWaitAndTellsThemWhenItWent) {
  const StateRoot root = StateRoot::open(path());
  const StateFolder made = root.create("web");
  auto lock = std::make_optional(made.lock());
  const pid_t child = ::fork();
  if (child == 0) {
    const std::string message =
        message_of([&] { (void)StateRoot::open(path()).find("web").lock(); });
    ::_exit(message == "container 'web' does not exist" ? 0 : 1);
  }
  ::usleep(50'000);
  int status = -1;
  EXPECT_EQ(::waitpid(child, &status, WNOHANG), 0) << "it waits";
  made.remove();
  lock.reset();
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST_F(StateTest, SaysWhatIsWrongWithARecord) {
  const StateRoot root = StateRoot::open(path());
  const StateFolder made = root.create("web");
  EXPECT_THAT(message_of([&] { (void)made.record(); }), HasSubstr("delete it"));
  for (const auto& [text, says] : std::initializer_list<std::pair<const char*, const char*>>{
           {"", "state of container 'web': "},
           {"{}", "version"},
           {R"({"version":7})", "version 7 is not 1"},
           {R"({"version":1})", "'id'"}}) {
    replace_file(made.fd(), "state.json", text, 0600);
    EXPECT_THAT(message_of([&] { (void)made.record(); }), HasSubstr(says)) << text;
  }
}

TEST_F(StateTest, StatusIsWhatTheKernelSays) {
  const StateRoot root = StateRoot::open(path());
  const StateFolder made = root.create("web");
  Record record = this->record();
  record.pid = 0;
  EXPECT_EQ(status_of(made, record), Status::creating);
  const pid_t child = ::fork();
  if (child == 0) {
    for (;;) ::pause();
  }
  record.pid = child;
  record.start_time = start_time_of(child).value();
  EXPECT_EQ(status_of(made, record), Status::running);
  (void)open_file(made.fd(), "start", O_WRONLY | O_CREAT, 0600);
  EXPECT_EQ(status_of(made, record), Status::created);
  ++record.start_time;
  EXPECT_EQ(status_of(made, record), Status::stopped) << "somebody else has the pid now";
  --record.start_time;
  ::kill(child, SIGKILL);
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT);
  EXPECT_EQ(status_of(made, record), Status::stopped) << "a zombie";
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(status_of(made, record), Status::stopped);
}

TEST_F(StateTest, TheStateObjectIsTheSpecifications) {
  const auto state = nlohmann::json::parse(state_json(record(), Status::running));
  EXPECT_EQ(state.at("ociVersion"), "1.2.0");
  EXPECT_EQ(state.at("id"), "web");
  EXPECT_EQ(state.at("status"), "running");
  EXPECT_EQ(state.at("pid"), 77);
  EXPECT_EQ(state.at("bundle"), "/srv/bundle");
  EXPECT_EQ(state.at("annotations").at("a"), "b");
  EXPECT_EQ(state.at("rootfs"), "/srv/bundle/rootfs");
  EXPECT_EQ(nlohmann::json::parse(state_json(record(), Status::stopped)).at("pid"), 0);
}

}  // namespace
}  // namespace berth::runtime
