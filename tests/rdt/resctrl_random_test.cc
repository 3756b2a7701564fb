// Random calls, each made to two resctrls that must answer alike and then look alike: the kernel's
// and the model's in the guest of tests/vm, the mount's and the model's anywhere.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <sstream>

#include "base/error.h"
#include "tests/support/resctrl/machines.h"
#include "tests/support/resctrl/vector_file.h"

namespace berth::test::resctrl {
namespace {

constexpr const char* kKernels = "/sys/fs/resctrl";

class Words {
 public:
  explicit Words(unsigned seed) : random_(seed) {}

  unsigned below(unsigned end) { return static_cast<unsigned>(random_() % end); }
  bool chance(unsigned per_cent) { return below(100) < per_cent; }
  std::string one_of(const std::vector<std::string>& words) {
    return words[below(static_cast<unsigned>(words.size()))];
  }

  std::string schemata() {
    std::string text;
    for (unsigned lines = 1 + below(2); lines > 0; --lines) {
      const std::string name = chance(8) ? one_of({"XX", "", " L3", "L3 ", "L2", "L3:"})
                                         : one_of({"L3", "L3", "L3CODE", "L3DATA", "MB"});
      text += name + ':' + domain(name);
      if (chance(50)) text += ';' + domain(name);
      text += '\n';
    }
    return chance(20) ? mangled(text) : text;
  }
  std::string cpu_mask() {
    const std::string text = fmt::format("{:x}\n", below(18));
    return chance(15) ? mangled(text) : text;
  }
  std::string cpu_list() {
    const std::string text =
        one_of({"0", "1", "2",   "3",       "0-1", "1-2", "2-3", "0-3",     "0,2",     "1,3",
                "",  "4", "3-1", "0-3:1/2", "N",   "all", "1-N", "0-3:2/3", "0-3:3/2", " 1 , 2"}) +
        '\n';
    return chance(15) ? mangled(text) : text;
  }
  std::string mode() {
    const std::string text = one_of({"exclusive\n", "exclusive\n", "shareable\n"});
    return chance(5) ? mangled(text) : text;
  }

 private:
  std::string domain(const std::string& name) {
    const std::string id =
        chance(5) ? one_of({"2", " 0", "a", "", "00", "+1"}) : one_of({"0", "1"});
    return id + '=' + (name == "MB" ? fmt::format("{}", below(120)) : mask());
  }
  std::string mask() {
    if (chance(8)) return one_of({"0", "zz", "", "5", "fff", "0xf", " 3 ", "7FF"});
    const unsigned low = below(11), high = low + below(11 - low);
    return fmt::format("{:x}", (2U << high) - (1U << low));
  }
  // A byte more, less or other.
  std::string mangled(std::string text) {
    const size_t at = below(static_cast<unsigned>(text.size()));
    static constexpr char kBytes[] = " \t\n\0;:=,-+0179afxXLM/N";
    const char byte = kBytes[below(sizeof(kBytes) - 1)];
    switch (below(3)) {
      case 0:
        return text.erase(at, 1);
      case 1:
        return text.insert(at, 1, byte);
      default:
        text[at] = byte;
        return text;
    }
  }

  std::mt19937 random_;
};

// Two targets and what was done to them.
class Twins {
 public:
  Twins(Target& one, Target& other, unsigned seed) : one_(one), other_(other), words_(seed) {}

  // False: they differ, and a failure says in what.
  bool run(const MountOptions& options, int calls) {
    one_.reset(options);
    other_.reset(options);
    for (const char* name : {"P", "Q", "R"}) tasks_[name] = {one_.start(0), other_.start(0)};
    for (int i = 0; i < calls; ++i) {
      if (!call() || !same_groups()) return false;
    }
    return true;
  }

 private:
  struct Pids {
    pid_t one, other;
  };

  std::string group() { return words_.chance(25) ? "" : words_.one_of(kNames) + '/'; }
  std::string monitor() { return group() + "mon_groups/" + words_.one_of({"m", "n"}); }
  std::string any_group() { return words_.chance(30) ? monitor() + '/' : group(); }

  bool call() {
    const unsigned kind = words_.below(100);
    // Whoever is removed puts an RMID into limbo, of which the two need not agree.
    if (kind < 12) return made(words_.chance(60) ? words_.one_of(kNames) : monitor());
    if (kind < 20) return removed(words_.chance(60) ? words_.one_of(kNames) : monitor());
    if (kind < 60) return written(group() + "schemata", words_.schemata());
    if (kind < 70) return written(any_group() + "cpus", words_.cpu_mask());
    if (kind < 80) return written(any_group() + "cpus_list", words_.cpu_list());
    if (kind < 88) return written(group() + "mode", words_.mode());
    return placed(any_group() + "tasks", words_.one_of({"P", "Q", "R"}));
  }

  bool made(const std::string& path) {
    if (made_ == kMost) return true;
    ++made_;
    return alike("mkdir " + path, one_.make(path, {}), other_.make(path, {}));
  }
  bool removed(const std::string& path) {
    return alike("rmdir " + path, one_.remove(path, {}), other_.remove(path, {}));
  }
  bool written(const std::string& path, const std::string& bytes) {
    const std::string what = fmt::format("write {} {:?}", path, bytes);
    return alike(what, one_.write(path, bytes, {}), other_.write(path, bytes, {}));
  }
  bool placed(const std::string& path, const std::string& name) {
    const auto& [one, other] = tasks_.at(name);
    return alike(fmt::format("write {} {}", path, name), one_.write(path, std::to_string(one), {}),
                 other_.write(path, std::to_string(other), {}));
  }

  bool alike(const std::string& what, int one, int other) {
    last_ = what;
    if (one == other) return same("last_cmd_status", "info/last_cmd_status");
    ADD_FAILURE() << what << ": " << errno_name(one) << " and " << errno_name(other) << "; "
                  << one_.read("info/last_cmd_status").text;
    return false;
  }

  bool same(const std::string& what, const std::string& path) {
    const Text one = one_.read(path), other = other_.read(path);
    if (one.error == other.error && one.text == other.text) return true;
    ADD_FAILURE() << "after " << last_ << ", " << what << ": " << one.error << ' ' << one.text
                  << " and " << other.error << ' ' << other.text;
    return false;
  }

  std::set<std::string> members(Target& target, const std::string& path, pid_t Pids::*pid) {
    std::istringstream numbers(target.read(path + "tasks").text);
    std::set<std::string> names;
    for (pid_t number = 0; numbers >> number;) {
      for (const auto& [name, pids] : tasks_) {
        if (pids.*pid == number) names.insert(name);
      }
    }
    return names;
  }

  bool same_group(const std::string& path, bool control) {
    for (const char* file : {"cpus", "cpus_list"}) {
      if (!same(path + file, path + file)) return false;
    }
    for (const char* file : {"schemata", "size", "mode"}) {
      if (control && !same(path + file, path + file)) return false;
    }
    const auto one = members(one_, path, &Pids::one), other = members(other_, path, &Pids::other);
    EXPECT_EQ(one, other) << "after " << last_ << ", " << path << "tasks";
    return one == other;
  }

  bool same_groups() {
    const Names one = one_.list("/"), other = other_.list("/");
    EXPECT_EQ(one.names, other.names) << "after " << last_;
    if (one.names != other.names || !same_group("", true)) return false;
    for (const std::string& folder : one_.list("info").names) {
      const std::string file = "info/" + folder + "/bit_usage";
      if (one_.read(file).error == 0 && !same(file, file)) return false;
    }
    for (const std::string& name : kNames) {
      if (one_.read(name + "/mode").error != 0) continue;
      if (!same_group(name + '/', true)) return false;
      for (const std::string& child : one_.list(name + "/mon_groups").names) {
        if (!same_group(name + "/mon_groups/" + child + '/', false)) return false;
      }
    }
    for (const std::string& child : one_.list("mon_groups").names) {
      if (!same_group("mon_groups/" + child + '/', false)) return false;
    }
    return true;
  }

  static constexpr int kMost = 400;  // so that there are RMIDs enough without those in limbo
  const std::vector<std::string> kNames = {"a", "b", "c", "d", "e", "f", "g", "h"};
  Target& one_;
  Target& other_;
  Words words_;
  std::map<std::string, Pids> tasks_;
  std::string last_ = "the start";
  int made_ = 0;
};

void compare(Target& one, const Processor& processor, int calls, unsigned seed) {
  const auto model = model_target(processor, Profile(Kernel::v6_1));
  for (const bool cdp : {false, true}) {
    SCOPED_TRACE(fmt::format("seed {}, {}", seed, cdp ? "cdp" : "plain"));
    Twins twins(one, *model, seed);
    if (twins.run({.cdp = cdp, .cdpl2 = false, .mba_mbps = false, .debug = false}, calls)) {
      printf("%d random calls of seed %u agree\n", calls, seed);
    }
  }
}

TEST(Random, TheMountAndTheModelAgree) {
  const Processor processor = machines().at("default");
  const auto mount = mount_target(processor, Profile(Kernel::v6_1));
  try {
    mount->reset({});
  } catch (const Error& error) {
    if (error.code() != EPERM && error.code() != ENOENT && error.code() != ENODEV) throw;
    GTEST_SKIP() << error.message();
  }
  compare(*mount, processor, 60, 1);
}

TEST(Random, TheKernelAndTheModelAgree) {
  if (const std::string why = why_not_kernel(kKernels); !why.empty()) GTEST_SKIP() << why;
  const auto kernel = kernel_target(kKernels);
  kernel->reset({});
  ASSERT_EQ(machine_of(*kernel), "default");
  compare(*kernel, machines().at("default"), 700, 3);
}

}  // namespace
}  // namespace berth::test::resctrl
