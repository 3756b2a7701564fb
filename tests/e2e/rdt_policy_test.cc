// What the policy grants to Slurm's jobs, by the kernel's own account: ceilings, classes, and what
// a bundle's linux.intelRdt wishes for. Runs in the guest.
#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/file.h"
#include "tests/e2e/leftovers.h"
#include "tests/e2e/rdt_policy_slurm.h"

namespace berth::test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::ContainsRegex;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

// `bundle` with this as linux.intelRdt of its config.json.
class BundleWithAWish {
 public:
  BundleWithAWish(const std::string& bundle, const char* wish) {
    json config = json::parse(read_file(AT_FDCWD, bundle + "/config.json"));
    config["root"]["path"] = bundle + "/rootfs";
    config["linux"]["intelRdt"] = json::parse(wish);
    folder_.write("config.json", config.dump());
  }
  const std::string& path() const { return folder_.path(); }

 private:
  OpenFolder folder_;
};

class Group {
 public:
  explicit Group(const std::string& name) : path_(std::string(kResctrl) + "/" + name) {
    fs::create_directory(path_);
  }
  ~Group() { ::rmdir(path_.c_str()); }
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;
  void write(const std::string& line) const { std::ofstream(path_ + "/schemata") << line << "\n"; }
  std::string tasks() const { return read_file(AT_FDCWD, path_ + "/tasks"); }

 private:
  std::string path_;
};

std::vector<std::string> reports(const std::string& err) {
  std::istringstream text(err);
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) {
    if (line.find("ways") != std::string::npos) lines.push_back(line);
  }
  return lines;
}

// The groups that a container of this bundle's finds itself in.
Ran groups_in(const PrivateSlurm& slurm, const BundleWithAWish& bundle,
              std::vector<std::string> options) {
  options.insert(options.begin(), {"srun", "-Q", "-n1", "--mem=20"});
  options.insert(options.end(),
                 {"--container=" + bundle.path(), "cat", "/proc/self/cpu_resctrl_groups"});
  return slurm.run(options);
}

TEST_F(RdtUnderAPolicy, AnAccountHasItsCeilingAndOthersHaveNone) {
  const Seen physics = seen({"-A", "physics", "-n2", "--l3=auto"});
  EXPECT_EQ(physics.line("L3"), "L3:0=7;1=400") << physics.ran;
  const Seen art = seen({"-A", "art", "-N1", "-n4", "--l3=auto"});
  EXPECT_EQ(art.line("L3"), "L3:0=1ff;1=1ff") << "on both sockets" << art.ran;
}

TEST_F(RdtUnderAPolicy, APartitionThatOnlyShares) {
  const Seen debug = seen({"-p", "debug", "--l3=2w", "--l3-share"});
  EXPECT_EQ(debug.line("L3"), "L3:0=600;1=400") << debug.ran;
}

TEST_F(RdtUnderAPolicy, JobsOfAClassShareAGroupAndAreCountedApart) {
  Job gold = start_job(1, {"--rdt-class=gold"});
  ASSERT_THAT(gold.said, SizeIs(1));
  EXPECT_EQ(schemata_line(gold.group(), "L3"), "L3:0=f;1=400");
  EXPECT_EQ(schemata_line(gold.group(), "MB"), "MB:0=80;1=100");
  EXPECT_EQ(schemata_line("", "L3"), "L3:0=7f0;1=7ff");
  const Seen second = seen({"--rdt-class=gold"});
  EXPECT_EQ(second.group, gold.group());
  EXPECT_THAT(second.monitor, ContainsRegex("^job_[0-9]+[.]0$"));
  EXPECT_THAT(second.monitor, Not(HasSubstr(gold.id)));
  EXPECT_TRUE(
      fs::exists(std::string(kResctrl) + "/" + gold.group() + "/mon_groups/job_" + gold.id + ".0"));
  const Seen bronze = seen({"-A", "physics", "--rdt-class=bronze"});
  EXPECT_NE(bronze.group, gold.group());
  EXPECT_EQ(bronze.line("L3"), "L3:0=3;1=400") << "the low end of its partition" << bronze.ran;
  EXPECT_EQ(bronze.line("MB"), "MB:0=40;1=100");
  EXPECT_THAT(reports(bronze.ran.err), SizeIs(1));
  EXPECT_THAT(bronze.ran.err, HasSubstr(" step 0: L3 0: 2 of 11 ways, "));
  const json record = json::parse(records().back());
  EXPECT_EQ(record.at("asked"), "--rdt-class=bronze");
  EXPECT_EQ(record.at("l3").at(0).at("ways"), 2);
  EXPECT_THAT(reports(end_job(gold)), ElementsAre(HasSubstr(" step 0: L3 0: 4 of 11 ways, ")));
}

TEST_F(RdtUnderAPolicy, ABundlesWishIsCutDownAndItsGroupIsNobodys) {
  const Group mine("mine");
  mine.write("L3:0=400;1=400");
  const BundleWithAWish wishing(bundle(), R"({"closID": "mine", "l3CacheSchema": "L3:0=7f;1=7f"})");
  Job cut = start_job(1, {"-A", "physics"}, wishing.path());
  ASSERT_THAT(cut.said, SizeIs(1));
  EXPECT_THAT(cut.group(), ContainsRegex("^berth_"));
  EXPECT_EQ(schemata_line(cut.group(), "L3"), "L3:0=7;1=400");
  EXPECT_EQ(schemata_line("mine", "L3"), "L3:0=400;1=400");
  EXPECT_EQ(mine.tasks(), "");
  EXPECT_THAT(end_job(cut), Not(HasSubstr("refused")));
}

TEST_F(RdtUnderAPolicy, ABundlesClosIdNamesAClass) {
  const BundleWithAWish wishing(bundle(), R"({"closID": "gold"})");
  Job gold = start_job(1, {}, wishing.path());
  ASSERT_THAT(gold.said, SizeIs(1));
  EXPECT_EQ(schemata_line(gold.group(), "L3"), "L3:0=f;1=400");

  const Ran none = groups_in(slurm(), wishing, {"-A", "physics"});
  EXPECT_EQ(none.out, "res:/\nmon:\n") << "not a class of this account's" << none;
  EXPECT_THAT(none.err, Not(HasSubstr("berth:")));

  // A step that cannot have what its bundle wishes for is still in what its job has.
  const BundleWithAWish other(bundle(), R"({"l3CacheSchema": "L3:0=1f;1=1f"})");
  const Ran second = groups_in(slurm(), other, {"--jobid=" + gold.id, "--overlap"});
  EXPECT_EQ(second.out, "res:" + gold.group() + "\nmon:job_" + gold.id + ".1\n") << second;
  EXPECT_THAT(second.err,
              HasSubstr("berth: the bundle's linux.intelRdt is left out: --l3=5w refused: job " +
                        gold.id + " holds --rdt-class=gold already\n"));
  end_job(gold);
}

TEST_F(RdtUnderAPolicy, EachNodeOfAStepReports) {
  const size_t before = records().size();
  const Ran ran = srun({"-Q", "-N2", "-n2", "--mem=20", "--l3=3w", "true"});
  EXPECT_EQ(ran.status, 0) << ran;
  // Both nodes are of one kernel here: whose part of the step ends last may find it uncounted.
  const std::string rest = ": L3 0: 3 of 11 ways.*";
  EXPECT_THAT(reports(ran.err),
              UnorderedElementsAre(MatchesRegex("berth: job [0-9]+ step 0 on node[0-9]+" + rest),
                                   MatchesRegex("berth: job [0-9]+ step 0 on node[0-9]+-2" + rest)))
      << ran;
  const auto all = records();
  ASSERT_EQ(all.size(), before + 2);
  std::vector<std::string> nodes;
  for (size_t i = before; i < all.size(); ++i) {
    const json record = json::parse(all[i]);
    nodes.push_back(record.at("node"));
    EXPECT_EQ(record.at("part"), "0");
    EXPECT_EQ(record.at("l3").size(), 1U);
    EXPECT_EQ(record.at("l3").at(0).at("ways"), 3);
  }
  EXPECT_THAT(nodes,
              UnorderedElementsAre(MatchesRegex("node[0-9]+"), MatchesRegex("node[0-9]+-2")));
}

}  // namespace
}  // namespace berth::test
