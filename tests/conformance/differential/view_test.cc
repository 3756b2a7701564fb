// What a program sees in a container of runc's and in one of berth's, from the same configuration:
// the same, or the difference stands in known_differences.cc with its reason.
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "tests/conformance/differential/known_differences.h"
#include "tests/conformance/differential/view.h"
#include "tests/conformance/differential/view_cases.h"
#include "tests/support/lacking.h"
#include "tests/support/made_bundle.h"
#include "tests/support/shell.h"
#include "tests/support/temporary_folder.h"

namespace berth::test {
namespace {

using nlohmann::json;
using Words = std::vector<std::string>;

const std::string kLook = BERTH_BINARY_DIR "/tests/conformance/differential/look";
constexpr const char* kUser = "1000";

// A runtime and its bundle.
class Side {
 public:
  explicit Side(std::string program)
      : program_(std::move(program)),
        name_(std::filesystem::path(program_).filename()),
        bundle_({"--config", "runc", "--with", kLook + ":/bin/look"}) {
    config_ = json::parse(read_file(AT_FDCWD, bundle_.path() + "/config.json"));
  }
  const std::string& name() const { return name_; }

  View look(const ViewCase& c) const {
    const TemporaryFolder folder(01777);
    const std::string id = folder.name();
    write_config(c, folder.path());
    const auto report = [&](const std::string& name) { return folder.path() + "/report/" + name; };
    if (is_exec(c.how)) {
      told(call(c, folder.path(), run_words(c.first_options, {"-d"}, id)));
      await(report("first"));
      Words words{"exec"};
      words.insert(words.end(), c.options.begin(), c.options.end());
      words.insert(words.end(), {id, "/bin/look", "/report/view"});
      told(call(c, folder.path(), words));
    } else {
      const Words detach = c.how == How::detached ? Words{"-d"} : Words{};
      told(call(c, folder.path(), run_words(c.options, detach, id)));
    }
    await(report("view"));
    (void)run({program_, "--root", folder.path() + "/state", "delete", "--force", id});
    const std::string seen = read_file(AT_FDCWD, report("view"));
    return view(seen, is_exec(c.how) ? read_file(AT_FDCWD, report("first")) : seen,
                {{bundle_.path(), "BUNDLE"}, {folder.path(), "FOLDER"}, {id, "ID"}});
  }

  // What the containers have left in their root file system.
  View leftovers() const {
    View view;
    const std::string root = bundle_.path() + "/rootfs";
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
      struct stat st {};
      check(::lstat(entry.path().c_str(), &st), "lstat", entry.path().string());
      view["left"].push_back(fmt::format("{} {:o} {}:{}", entry.path().string().substr(root.size()),
                                         st.st_mode, st.st_uid, st.st_gid));
    }
    return view;
  }

 private:
  static bool is_exec(How how) { return how == How::exec || how == How::exec_on_terminal; }

  void told(const Words& words) const {
    const Ran ran = run(words);
    if (ran.status == 0) return;
    throw Error(name_ + " ended with " + std::to_string(ran.status) + ": " + ran.err + ran.out);
  }
  // A report appears as a whole, by rename.
  void await(const std::string& report) const {
    for (int i = 0; i < 2000; ++i) {
      if (std::filesystem::exists(report)) return;
      ::usleep(10'000);
    }
    throw Error(name_ + " ran, but nobody looked");
  }
  void write_config(const ViewCase& c, const std::string& folder) const {
    const std::string report = folder + "/report";
    std::filesystem::create_directory(report);
    std::filesystem::permissions(report, std::filesystem::perms(01777));
    json config = config_;
    config["process"]["args"] = {"/bin/look", "/report/view"};
    if (is_exec(c.how)) {
      config["process"]["args"] = {"sh", "-c", "look /report/first; exec sleep 300"};
    }
    config["linux"]["cgroupsPath"] = "/view-" + std::filesystem::path(folder).filename().string();
    config["mounts"].push_back({{"destination", "/report"},
                                {"type", "bind"},
                                {"source", report},
                                {"options", {"bind", "rw"}}});
    if (c.change) c.change(config);
    std::ofstream(bundle_.path() + "/config.json") << config.dump();
  }
  Words run_words(const Words& options, const Words& more, const std::string& id) const {
    Words words{"run"};
    words.insert(words.end(), options.begin(), options.end());
    words.insert(words.end(), more.begin(), more.end());
    words.insert(words.end(), {"-b", bundle_.path(), id});
    return words;
  }
  Words call(const ViewCase& c, const std::string& folder, const Words& words) const {
    Words all;
    if (c.how == How::plain_user) {
      all = {"setpriv", "--reuid", kUser, "--regid", kUser, "--clear-groups", "--"};
    }
    // Not the pipes of run(), which the container would keep open. 3 and 4 are what may be
    // preserved.
    if (std::ranges::find(words, "-d") != words.end()) {
      all = {"sh", "-c", "exec \"$@\" <\"$0\" >\"$0\" 2>&1 3</etc/passwd 4>\"$0\"", "/dev/null"};
    }
    all.insert(all.end(), {program_, "--root", folder + "/state"});
    all.insert(all.end(), words.begin(), words.end());
    const bool shown =
        c.how == How::terminal || (c.how == How::exec_on_terminal && words[0] == "exec");
    return shown ? on_terminal(all) : all;
  }
  static Words on_terminal(const Words& words) {
    std::string line = "stty rows 33 cols 99; exec";
    for (const std::string& word : words) line += " '" + word + "'";
    return {"script", "--quiet", "--return", "--command", line, "/dev/null"};
  }

  std::string program_, name_;
  MadeBundle bundle_;
  json config_;
};

TEST(View, IsTheSameInsideOrKnownToDiffer) {
  if (::geteuid() != 0) GTEST_SKIP() << "takes root: " << errno_text(EPERM);
  for (const char* program : {"runc", "script", "setpriv"}) {
    if (const auto why = lacks_program(program); !why.empty()) GTEST_SKIP() << why;
  }
  const Side ours(BERTH_BINARY_DIR "/berth"), runcs("runc");
  KnownDifferences known;
  for (const ViewCase& c : view_cases()) {
    SCOPED_TRACE(c.name);
    try {
      for (const std::string& line :
           differences(ours.name(), ours.look(c), runcs.name(), runcs.look(c))) {
        EXPECT_TRUE(known.explain(c.name, line)) << line;
      }
    } catch (const Error& error) {
      ADD_FAILURE() << error.what();
    }
  }
  for (const std::string& line :
       differences(ours.name(), ours.leftovers(), runcs.name(), runcs.leftovers())) {
    EXPECT_TRUE(known.explain("afterwards", line)) << line;
  }
  for (const std::string& entry : known.unused()) {
    ADD_FAILURE() << "it is no difference any more: " << entry;
  }
}

}  // namespace
}  // namespace berth::test
