#include "tests/support/made_bundle.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "base/error.h"
#include "tests/support/shell.h"

namespace berth::test {

MadeBundle::MadeBundle(const std::vector<std::string>& options) {
  char name[] = "/tmp/berth-bundle.XXXXXX";
  if (::mkdtemp(name) == nullptr) throw Error("mkdtemp", name, errno);
  parent_ = name;
  check(::chmod(name, 0755), "chmod", parent_);
  path_ = parent_ + "/bundle";
  std::vector<std::string> words{BERTH_SOURCE_DIR "/tests/support/bundle/make-bundle", path_};
  words.insert(words.end(), options.begin(), options.end());
  const Ran ran = run(words, {.timeout = std::chrono::seconds(120)});
  if (ran.status != 0) {
    std::filesystem::remove_all(parent_);
    throw Error(ran.err);
  }
}

MadeBundle::~MadeBundle() {
  std::error_code ignored;
  std::filesystem::remove_all(parent_, ignored);
}

}  // namespace berth::test
