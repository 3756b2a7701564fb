#include "runtime/process/rlimits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "tests/runtime/process/in_child.h"

namespace berth::runtime::process {
namespace {

const spec::Rlimit kFiles{RLIMIT_NOFILE, "RLIMIT_NOFILE", 32, 64};

std::string now() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return std::to_string(limit.rlim_cur) + ":" + std::to_string(limit.rlim_max);
}

TEST(Rlimits, SetsSoftAndHard) {
  EXPECT_EQ(test::in_child([] {
              set_rlimits({kFiles});
              return now();
            }),
            "32:64");
}

TEST(Rlimits, RaisesNothingThatIsHighEnough) {
  const std::string before = now();
  EXPECT_EQ(test::in_child([] {
              raise_hard_limits({kFiles});
              return now();
            }),
            before);
}

TEST(Rlimits, NamesResourceValueAndWhatIsThere) {
  EXPECT_THAT(test::in_child([] {
                set_rlimits({kFiles});
                check(::setresuid(65534, 65534, 65534), "setresuid");
                raise_hard_limits({{RLIMIT_NOFILE, "RLIMIT_NOFILE", 32, 128}});
                return now();
              }),
              ::testing::AllOf(::testing::HasSubstr("'RLIMIT_NOFILE 32:128'"),
                               ::testing::HasSubstr("it is 32:64 here"),
                               ::testing::HasSubstr("operation not permitted")));
}

}  // namespace
}  // namespace berth::runtime::process
