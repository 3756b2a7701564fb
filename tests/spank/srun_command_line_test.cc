#include "spank/srun_command_line.h"

#include <gtest/gtest.h>

namespace berth::spank {
namespace {

TEST(SrunOptions, FindsWhatMattersInEverySpelling) {
  EXPECT_EQ(parse_srun_options({"-n2", "--export=ALL,A=1"}).export_option, "ALL,A=1");
  EXPECT_EQ(parse_srun_options({"--export", "A=1"}).export_option, "A=1");
  EXPECT_EQ(parse_srun_options({"--expo=A=1", "--export=B=2"}).export_option, "B=2");
  EXPECT_EQ(parse_srun_options({"--chdir=/x"}).chdir, "/x");
  EXPECT_EQ(parse_srun_options({"--chdir", "/x"}).chdir, "/x");
  EXPECT_EQ(parse_srun_options({"-D", "/x"}).chdir, "/x");
  EXPECT_EQ(parse_srun_options({"-D/x"}).chdir, "/x");
  EXPECT_TRUE(parse_srun_options({"--multi-prog"}).multi_prog);
}

TEST(SrunOptions, TheRestIsNotTaken) {
  EXPECT_EQ(parse_srun_options({"-n", "2", "--container=/b", "--exclusive", "--exact", "--mpi=pmi2",
                                "--mem=1G", "--label"}),
            SrunOptions{});
  // A value that looks like an option belongs to the option before it.
  EXPECT_FALSE(parse_srun_options({"-D", "--multi-prog"}).multi_prog);
  EXPECT_FALSE(parse_srun_options({"--", "--multi-prog"}).multi_prog);
}

}  // namespace
}  // namespace berth::spank
