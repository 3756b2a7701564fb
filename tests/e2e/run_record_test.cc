// What `run` writes and says beside its container's process.
#include <fcntl.h>
#include <gmock/gmock.h>

#include <cstdlib>
#include <sstream>

#include "base/file.h"
#include "tests/e2e/runtime_fixture.h"

namespace berth::test {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class RunRecord : public RuntimeFixture {};

// Its record is written beside it: not one system call of the program's may come before the
// record's last, which takes a quarter of a second here.
TEST_F(RunRecord, ARunProgramIsOnTheRecordWhenItBegins) {
  const std::string c = id(), pid_file = folder_.path() + "/pid";
  configure([&](json& config) {
    config["mounts"].push_back({{"destination", "/host"},
                                {"type", "bind"},
                                {"source", folder_.path()},
                                {"options", {"rbind", "ro"}}});
    config["process"]["args"] = {"sh", "-c",
                                 "cat /host/pid; echo; cat /host/state/" + c + "/state.json"};
  });
  const auto run_slowly = [&](std::vector<std::string> options) {
    std::vector<std::string> words{"strace", "-f",
                                   "-o",     "/dev/null",
                                   "-e",     "trace=renameat",
                                   "-e",     "inject=renameat:delay_enter=250000",
                                   kBerth,   "--root",
                                   root(),   "run",
                                   "-b",     bundle()};
    words.insert(words.end(), options.begin(), options.end());
    words.push_back(c);
    return run(words);
  };
  const Ran ran = run_slowly({"--pid-file", pid_file});
  ASSERT_EQ(ran.status, 0) << ran;
  const std::string pid = ran.out.substr(0, ran.out.find('\n'));
  EXPECT_GT(std::atoi(pid.c_str()), 1) << ran;
  const auto record = json::parse(ran.out.substr(pid.size() + 1));
  EXPECT_EQ(std::to_string(record.at("pid").get<int>()), pid);
  // Without a pid file the container's process commits the record itself.
  const Ran alone = run_slowly({});
  ASSERT_EQ(alone.status, 0) << alone;
  EXPECT_GT(json::parse(alone.out.substr(alone.out.find('{'))).at("pid"), 1) << alone;
  EXPECT_THAT(remains(c), IsEmpty());
}

// Where it may, for its parent is asleep by then; in a user namespace that has other ids it may
// not.
TEST_F(RunRecord, ARunProgramsProcessCommitsTheRecordItself) {
  const auto commits = [&] {
    const std::string trace = folder_.path() + "/trace";
    const Ran ran = run({"strace", "-f", "-e", "trace=renameat", "-o", trace, kBerth, "--root",
                         root(), "run", "-b", bundle(), id()});
    EXPECT_EQ(ran.status, 0) << ran;
    std::vector<std::string> lines;
    std::istringstream all(read_file(AT_FDCWD, trace));
    for (std::string line; std::getline(all, line);) {
      if (line.find("\"state.json\")") != std::string::npos) lines.push_back(line);
    }
    return lines;
  };
  const auto maker_of = [](const std::string& line) { return line.substr(0, line.find(' ')); };
  script("exit 0");
  const auto by_itself = commits();
  ASSERT_EQ(by_itself.size(), 2U);
  EXPECT_NE(maker_of(by_itself[0]), maker_of(by_itself[1])) << by_itself[1];
  EXPECT_THAT(by_itself[1], HasSubstr(" = 0"));
  configure([](json& config) {
    config["linux"]["namespaces"].push_back({{"type", "user"}});
    const json map{{{"containerID", 0}, {"hostID", 100000}, {"size", 65536}}};
    config["linux"]["uidMappings"] = config["linux"]["gidMappings"] = map;
  });
  const auto by_its_parent = commits();
  ASSERT_EQ(by_its_parent.size(), 3U);
  EXPECT_THAT(by_its_parent[1], HasSubstr("EACCES"));
  EXPECT_EQ(maker_of(by_its_parent[2]), maker_of(by_its_parent[0]));
}

// It is sent before the last word to the process is read, and read after the process has ended.
TEST_F(RunRecord, WhyARunFailsIsHeardHoweverLate) {
  configure([](json& config) {
    config["mounts"].push_back(
        {{"destination", "/data"}, {"type", "bind"}, {"source", "/none"}, {"options", {"bind"}}});
  });
  const std::string c = id();
  const Ran ran = run({"strace", "-f", "-o", "/dev/null", "-e", "trace=sendmsg", "-e",
                       "inject=sendmsg:delay_exit=300000:when=2", kBerth, "--root", root(), "run",
                       "-b", bundle(), c});
  EXPECT_EQ(ran.status, 1) << ran;
  EXPECT_THAT(ran.err, HasSubstr("'/none'"));
  EXPECT_THAT(remains(c), IsEmpty());
}

}  // namespace
}  // namespace berth::test
