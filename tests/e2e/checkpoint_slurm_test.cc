// A job of Slurm's whose container is saved on one node and goes on in a new job on another, in
// that job's cgroup and cache group.
#include <fcntl.h>
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "tests/e2e/leftovers.h"
#include "tests/e2e/saved_count.h"
#include "tests/support/criu.h"
#include "tests/support/kernel_resctrl.h"
#include "tests/support/lacking.h"
#include "tests/support/made_bundle.h"
#include "tests/support/slurm_fixture.h"

namespace berth::test {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class CheckpointedJob : public SlurmTest {
 protected:
  static void SetUpTestSuite() {
    bundle_ = std::make_unique<MadeBundle>(std::vector<std::string>{"--config", "runc"});
    const std::string policy = bundle_->path() + "/../policy.json";
    std::ofstream(policy) << "{}";
    start_with_berth(policy, {"--nodes", "2"});
  }
  static void TearDownTestSuite() {
    SlurmTest::TearDownTestSuite();
    bundle_.reset();
  }
  void SetUp() override {
    if (const std::string why = lacks_criu(); !why.empty()) GTEST_SKIP() << why;
    if (const std::string why = lacks_resctrl(); !why.empty()) GTEST_SKIP() << why;
    SlurmTest::SetUp();
    const std::string path = bundle_->path() + "/config.json";
    json config = json::parse(std::ifstream(path));
    config["process"]["args"] = {"sh", "-c", kCount};
    std::ofstream(path) << config.dump();
  }
  void TearDown() override {
    if (IsSkipped()) return;
    slurm().run({"scancel", "--user", "root"}, {.user = "root"});
    EXPECT_THAT(leftovers(bundle_->path()), IsEmpty());
    SlurmTest::TearDown();
  }

  // berth as such a job's script calls it: the job's cgroup is the container's.
  static std::vector<std::string> words(std::vector<std::string> more) {
    more.insert(more.begin(),
                {slurm().directory() + "/bin/berth", "--root", slurm().directory() + "/tmp/states",
                 "--criu", criu_program(), "--cgroup-manager", "disabled"});
    return more;
  }
  static RunOptions as_root() { return slurm().client(with_criu({.user = "root"})); }
  // On the first node or the second.
  static std::unique_ptr<Running> job(unsigned node, std::vector<std::string> more) {
    std::vector<std::string> all{"srun",     "-Q", "-n1",          "--mem=40",
                                 "--l3=25%", "-w", node_name(node)};
    for (std::string& word : words(std::move(more))) all.push_back(std::move(word));
    return std::make_unique<Running>(all, as_root());
  }
  static std::string node_name(unsigned node) {
    std::ifstream names(slurm().directory() + "/run/nodes");
    std::string name;
    for (unsigned i = 0; i < node; ++i) std::getline(names, name);
    return name;
  }
  static json state() {
    const Ran ran = run(words({"state", kId}), with_criu());
    return ran.status == 0 ? json::parse(ran.out) : json::object();
  }
  static std::string of_process(const char* file) {
    return read_file_if_exists(AT_FDCWD,
                               "/proc/" + std::to_string(state().value("pid", 0)) + "/" + file)
        .value_or("");
  }
  static std::string running_job() {
    std::string id = slurm().run({"squeue", "--noheader", "-o", "%A"}).out;
    while (id.ends_with('\n')) id.pop_back();
    return id;
  }
  static const std::string& bundle() { return bundle_->path(); }
  static constexpr const char* kId = "saved-job";

 private:
  static inline std::unique_ptr<MadeBundle> bundle_;
};

TEST_F(CheckpointedJob, GoesOnInANewJobOnAnotherNode) {
  const std::string images = slurm().directory() + "/tmp/images";
  auto first = job(1, {"run", "--bundle", bundle(), kId});
  ASSERT_GE(await_numbers(*first, 3).size(), 3u) << first->wait();
  const std::string before = running_job();
  EXPECT_THAT(of_process("cgroup"), HasSubstr("/job_" + before + "/"));
  EXPECT_THAT(of_process("cpu_resctrl_groups"),
              AllOf(HasSubstr("res:berth_"), HasSubstr("mon:job_" + before + ".0")));

  const Ran saved = run(words({"checkpoint", "--image-path", images, kId}), with_criu());
  ASSERT_EQ(saved.status, 0) << saved;
  const Ran ended = first->wait();
  EXPECT_EQ(ended.status, 137) << ended;
  const std::vector<int> counted = numbers(ended.out);
  EXPECT_EQ(counted, from_to(1, static_cast<int>(counted.size())));
  EXPECT_TRUE(state().empty());

  auto second = job(2, {"restore", "--image-path", images, "--bundle", bundle(), kId});
  const std::vector<int> more = await_numbers(*second, 3);
  ASSERT_GE(more.size(), 3u) << second->wait();
  EXPECT_EQ(more.front(), counted.back() + 1);
  const std::string after = running_job();
  EXPECT_NE(after, before);
  EXPECT_THAT(of_process("cgroup"), HasSubstr("/job_" + after + "/"));
  EXPECT_THAT(of_process("cpu_resctrl_groups"),
              AllOf(HasSubstr("res:berth_"), HasSubstr("mon:job_" + after + ".0")));

  EXPECT_EQ(slurm().run({"scancel", after}, {.user = "root"}).status, 0);
  const Ran cancelled = second->wait();
  EXPECT_FALSE(cancelled.timed_out) << cancelled;
}

}  // namespace
}  // namespace berth::test
