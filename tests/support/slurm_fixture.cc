#include "tests/support/slurm_fixture.h"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <iostream>
#include <memory>

#include "base/error.h"
#include "base/file.h"

namespace berth::test {
namespace {

const std::string kScript = BERTH_SOURCE_DIR "/tests/support/slurm/private-slurm";

std::unique_ptr<PrivateSlurm> running;
std::string why_not;

std::string what_is_missing() {
  for (const char* program : {"munged", "slurmctld", "slurmd", "srun"}) {
    bool found = false;
    for (const char* folder : {"/usr/sbin/", "/usr/bin/", "/usr/local/sbin/", "/usr/local/bin/"}) {
      found = found || ::access((std::string(folder) + program).c_str(), X_OK) == 0;
    }
    if (!found) return std::string("no program '") + program + "'";
  }
  if (::geteuid() != 0) return "a slurmd of one's own takes root: " + errno_text(EPERM);
  return "";
}

}  // namespace

PrivateSlurm::PrivateSlurm(const std::vector<std::string>& options) {
  char name[] = "/tmp/berth-slurm.XXXXXX";
  if (::mkdtemp(name) == nullptr) throw Error("mkdtemp", name, errno);
  directory_ = name;
  check(::chmod(name, 0755), "chmod", directory_);
  std::vector<std::string> words{kScript, "start", directory_};
  words.insert(words.end(), options.begin(), options.end());
  const Ran ran = test::run(words, {.timeout = std::chrono::seconds(300)});
  if (ran.status != 0) {
    std::filesystem::remove_all(directory_);
    throw Error(ran.err);
  }
}

PrivateSlurm::~PrivateSlurm() {
  const Ran ran = test::run({kScript, "stop", directory_}, {.timeout = std::chrono::seconds(120)});
  if (ran.status != 0) std::cerr << ran << '\n';
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

std::string PrivateSlurm::install(const std::string& program) const {
  const std::filesystem::path copy =
      directory_ + "/bin/" + std::filesystem::path(program).filename().string();
  std::filesystem::copy_file(program, copy, std::filesystem::copy_options::overwrite_existing);
  check(::chmod(copy.c_str(), 0755), "chmod", copy.string());
  return copy;
}

void PrivateSlurm::write_policy(const std::string& text) const {
  const UniqueFd folder = open_dir(AT_FDCWD, directory_ + "/policy");
  replace_file(folder.get(), "policy.json", text, 0644, /*through_a_crash=*/false);
}

RunOptions PrivateSlurm::client(RunOptions options) const {
  if (options.user.empty()) options.user = "nobody";
  if (options.directory.empty()) options.directory = directory_ + "/tmp";
  options.more.emplace("SLURM_CONF", directory_ + "/etc/slurm.conf");
  return options;
}

Ran PrivateSlurm::run(const std::vector<std::string>& words, RunOptions options) const {
  return test::run(words, client(std::move(options)));
}

void PrivateSlurm::crash_stepd(const std::string& job) const {
  const Ran ran = test::run({kScript, "crash-stepd", directory_, job});
  if (ran.status != 0) throw Error(ran.err);
}

std::string PrivateSlurm::log(const std::string& daemon) const {
  return read_file(AT_FDCWD, directory_ + "/log/" + daemon + ".log", size_t{64} << 20);
}

void SlurmTest::start(const std::vector<std::string>& options) {
  why_not = what_is_missing();
  if (why_not.empty()) running = std::make_unique<PrivateSlurm>(options);
}

void SlurmTest::start_with_berth(const std::string& policy, const std::vector<std::string>& more) {
  const std::string plugin = BERTH_BINARY_DIR "/spank_berth.so";
  std::vector<std::string> options{"--plugin",    plugin,     "--launcher",
                                   built_berth(), "--policy", policy};
  options.insert(options.end(), more.begin(), more.end());
  start(options);
}

void SlurmTest::TearDownTestSuite() {
  running.reset();
}

void SlurmTest::SetUp() {
  if (!why_not.empty()) GTEST_SKIP() << why_not;
}

PrivateSlurm& SlurmTest::slurm() {
  return *running;
}

Ran SlurmTest::srun(const std::vector<std::string>& arguments, const RunOptions& options) {
  std::vector<std::string> words{"srun"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return running->run(words, options);
}

void SlurmTest::TearDown() {
  if (HasFailure() && running) {
    std::cerr << "slurmctld's log:\n"
              << running->log("slurmctld") << "slurmd's log:\n"
              << running->log("slurmd");
  }
}

std::string built_program(const std::string& name) {
  return std::string(BERTH_BINARY_DIR "/tests/e2e/") + name;
}

std::string built_berth() {
  return BERTH_BINARY_DIR "/berth";
}

}  // namespace berth::test
