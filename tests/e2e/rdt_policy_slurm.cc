#include "tests/e2e/rdt_policy_slurm.h"

#include <fcntl.h>
#include <unistd.h>

#include <sstream>

#include "base/file.h"

namespace berth::test {
namespace {

std::string record_file() {
  return "/tmp/berth-rdt-policy-test-" + std::to_string(::getpid()) + ".jsonl";
}

constexpr const char* kRules = R"(
  "partitions": {
    "service": {
      "l3Allocation": "4w", "mbAllocation": ["80%", "8GBps"],
      "classes": {
        "gold": {"l3Allocation": {"unified": "100%", "code": "25%", "data": "50%"}},
        "bronze": {"l3Allocation": "50%", "mbAllocation": ["50%", "4GBps"]}}}},
  "rules": [
    {"accounts": ["physics"], "l3Max": "3w", "classes": ["bronze"]},
    {"partitions": ["debug"], "exclusive": false}])";

}  // namespace

void RdtUnderAPolicy::SetUpTestSuite() {
  start_with({"--nodes", "2", "--conf", "PartitionName=debug Nodes=ALL State=UP"}, policy());
}

std::string RdtUnderAPolicy::policy() {
  return R"({"rdt": {"record": ")" + record_file() + R"(",)" + kRules + "}}";
}

void RdtUnderAPolicy::TearDownTestSuite() {
  BerthSlurm::TearDownTestSuite();
  ::unlink(record_file().c_str());
}

std::vector<std::string> RdtUnderAPolicy::records() {
  std::istringstream text(read_file_if_exists(AT_FDCWD, record_file()).value_or(""));
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

}  // namespace berth::test
