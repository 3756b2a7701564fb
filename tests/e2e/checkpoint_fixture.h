// Containers that are saved in files and go on from them, by the program criu.
#pragma once

#include <string>
#include <vector>

#include "tests/e2e/runtime_fixture.h"
#include "tests/e2e/saved_count.h"
#include "tests/support/criu.h"

namespace berth::test {

class Checkpoint : public RuntimeFixture {
 protected:
  std::vector<std::string> words(std::vector<std::string> more) const {
    more.insert(more.begin(), {kBerth, "--root", root(), "--criu", criu_program()});
    return more;
  }
  Ran ask(const std::vector<std::string>& more) const { return run(words(more), with_criu()); }
  std::string images(const std::string& name = "images") const {
    return folder_.path() + "/" + name;
  }
  void count() { script(kCount); }
};

// Where criu works.
class Restore : public Checkpoint {
 protected:
  void SetUp() override {
    Checkpoint::SetUp();
    if (IsSkipped()) return;
    if (const std::string why = lacks_criu(); !why.empty()) GTEST_SKIP() << why;
  }
};

}  // namespace berth::test
