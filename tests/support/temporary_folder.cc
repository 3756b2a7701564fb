#include "tests/support/temporary_folder.h"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/error.h"

namespace berth::test {

namespace fs = std::filesystem;

TemporaryFolder::TemporaryFolder(mode_t mode) {
  char name[] = "/tmp/berth-test.XXXXXX";
  if (::mkdtemp(name) == nullptr) throw Error("mkdtemp", name, errno);
  path_ = name;
  check(::chmod(name, mode), "chmod", path_);
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::string TemporaryFolder::name() const {
  return fs::path(path_).filename().string();
}

std::string TemporaryFolder::write(const std::string& name, const std::string& text) const {
  const fs::path path = fs::path(path_) / name;
  fs::create_directories(path.parent_path());
  std::ofstream(path) << text;
  return path.string();
}

bool TemporaryFolder::has(const std::string& name) const {
  return fs::exists(fs::path(path_) / name);
}

}  // namespace berth::test
