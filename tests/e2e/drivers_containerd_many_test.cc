// Many of containerd's containers at once.
#include <gmock/gmock.h>

#include <map>
#include <set>

#include "tests/e2e/driver_fixtures.h"

namespace berth::test {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr int kMany = 20;

class ManyOfContainerd : public Containerd {
 protected:
  std::string nth(int i) const { return id() + "-" + std::to_string(i); }
  // ctr with the words for each of them, all at once.
  template <typename WordsOf>
  std::vector<Ran> all_at_once(const WordsOf& words_of) const {
    std::vector<std::unique_ptr<Running>> running;
    for (int i = 0; i < kMany; ++i) running.push_back(std::make_unique<Running>(words_of(nth(i))));
    std::vector<Ran> ended;
    ended.reserve(running.size());
    for (const auto& one : running) ended.push_back(one->wait());
    return ended;
  }
  template <typename WordsOf>
  void expect_all(const WordsOf& words_of) const {
    for (const Ran& ran : all_at_once(words_of)) EXPECT_EQ(ran.status, 0) << ran;
  }
  struct Task {
    std::string pid, status;
  };
  std::map<std::string, Task> tasks() const {
    std::map<std::string, Task> found;
    std::istringstream lines(ctr({"tasks", "ls"}).out);
    std::string name;
    Task task;
    std::getline(lines, name);  // the heading
    while (lines >> name >> task.pid >> task.status) found[name] = task;
    return found;
  }
  // Until so many have that status.
  bool await(const std::string& status, size_t count) const {
    for (int tries = 0; tries < 400; ++tries) {
      size_t have = 0;
      for (const auto& [name, task] : tasks()) have += task.status == status ? 1 : 0;
      if (have == count) return true;
      ::usleep(50'000);
    }
    return false;
  }
  // What names one of them: states, cgroups, mounts.
  std::vector<std::string> remains() const {
    std::vector<std::string> found;
    std::error_code ignored;
    for (const std::string& place :
         {std::string("/run/containerd/runc/default"), std::string("/sys/fs/cgroup"),
          folder_.path() + "/state/io.containerd.runtime.v2.task"}) {
      for (std::filesystem::recursive_directory_iterator at(
               place, std::filesystem::directory_options::skip_permission_denied, ignored);
           at != std::filesystem::recursive_directory_iterator(); at.increment(ignored)) {
        if (at->path().filename().string().starts_with(id() + "-")) found.push_back(at->path());
      }
    }
    std::istringstream mounts(read_file(AT_FDCWD, "/proc/self/mountinfo"));
    for (std::string line; std::getline(mounts, line);) {
      if (line.find(id() + "-") != std::string::npos) found.push_back(line);
    }
    return found;
  }
};

TEST_F(ManyOfContainerd, AreMadeListedExecdStoppedAndDeletedAtOnce) {
  expect_all([&](const std::string& id) {
    return run_words({"-d", "--null-io"}, {"/bin/sh", "-c", "sleep 300; : " + id + ";"}, id);
  });
  const auto made = tasks();
  EXPECT_THAT(made, SizeIs(kMany));
  std::set<std::string> pids;
  for (const auto& [name, task] : made) {
    EXPECT_EQ(task.status, "RUNNING") << name;
    pids.insert(task.pid);
  }
  EXPECT_THAT(pids, SizeIs(kMany)) << "each has a process of its own";
  EXPECT_THAT(remains(), ::testing::Not(IsEmpty())) << "else the look is at the wrong places";

  // Each in its own container.
  for (const Ran& ran : all_at_once([&](const std::string& id) {
         return ctr_words({"tasks", "exec", "--exec-id", "e", id, "/bin/sh", "-c",
                           "grep -q ' " + id + ";' /proc/1/cmdline && exit 4"});
       })) {
    EXPECT_EQ(ran.status, 4) << ran;
  }

  // Half of them are stopped first, the others deleted as they run.
  for (int i = 0; i < kMany / 2; ++i) {
    EXPECT_EQ(ctr({"tasks", "kill", "--signal", "KILL", nth(i)}).status, 0);
  }
  EXPECT_TRUE(await("STOPPED", kMany / 2));
  EXPECT_TRUE(await("RUNNING", kMany - kMany / 2));
  for (int i = 0; i < kMany / 2; ++i) EXPECT_EQ(tasks()[nth(i)].status, "STOPPED") << i;

  expect_all([&](const std::string& id) { return ctr_words({"tasks", "rm", "--force", id}); });
  EXPECT_THAT(tasks(), IsEmpty());
  expect_all([&](const std::string& id) { return ctr_words({"containers", "rm", id}); });
  EXPECT_THAT(remains(), IsEmpty());
}

}  // namespace
}  // namespace berth::test
