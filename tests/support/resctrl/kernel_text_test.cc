#include "tests/support/resctrl/kernel_text.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "tests/support/resctrl/cpu_list.h"

namespace berth::test::resctrl {
namespace {

TEST(KernelText, ReadsNumbersAsKstrtoulDoes) {
  const auto read = [](std::string_view text, unsigned base) {
    uint64_t value = 0;
    const int error = read_number(text, base, 0xffffffff, value);
    return error != 0 ? -error : static_cast<int64_t>(value);
  };
  EXPECT_EQ(read("10", 10), 10);
  EXPECT_EQ(read("+10", 10), 10);
  EXPECT_EQ(read("10\n", 10), 10);
  EXPECT_EQ(read("10\n\n", 10), -EINVAL);
  EXPECT_EQ(read("", 10), -EINVAL);
  EXPECT_EQ(read("-1", 10), -EINVAL);
  EXPECT_EQ(read(" 1", 10), -EINVAL);
  EXPECT_EQ(read("0xF", 16), 15);
  EXPECT_EQ(read("f", 16), 15);
  EXPECT_EQ(read("0x", 16), -EINVAL);
  EXPECT_EQ(read("010", 0), 8);
  EXPECT_EQ(read("0x10", 0), 16);
  EXPECT_EQ(read("10", 0), 10);
  EXPECT_EQ(read("4294967296", 10), -ERANGE);
  EXPECT_EQ(read("99999999999999999999999", 10), -ERANGE);
}

TEST(KernelText, ReadsIntegersWithASign) {
  int value = 0;
  EXPECT_EQ(read_integer("-1", 0, value), 0);
  EXPECT_EQ(value, -1);
  EXPECT_EQ(read_integer("-2147483648", 0, value), 0);
  EXPECT_EQ(read_integer("2147483648", 0, value), ERANGE);
  EXPECT_EQ(read_integer("-+1", 0, value), EINVAL);
}

TEST(KernelText, CutsLikeStrsep) {
  std::optional<std::string_view> rest = "a;;b";
  EXPECT_EQ(cut(rest, ';'), "a");
  EXPECT_EQ(cut(rest, ';'), "");
  EXPECT_EQ(cut(rest, ';'), "b");
  EXPECT_FALSE(rest);
  EXPECT_EQ(stripped(" \ta b\n"), "a b");
  EXPECT_EQ(until_nul(std::string_view("a\0b", 3)), "a");
}

TEST(CpuList, ReadsListsAsTheKernelDoes) {
  Cpus cpus;
  EXPECT_EQ(read_cpu_list("0-2,5\n", 8, cpus), 0);
  EXPECT_EQ(cpus, (Cpus{0, 1, 2, 5}));
  EXPECT_EQ(read_cpu_list(" 1 , 3 ", 8, cpus), 0);
  EXPECT_EQ(cpus, (Cpus{1, 3}));
  EXPECT_EQ(read_cpu_list("0-7:2/4", 8, cpus), 0);
  EXPECT_EQ(cpus, (Cpus{0, 1, 4, 5}));
  EXPECT_EQ(read_cpu_list("all", 3, cpus), 0);
  EXPECT_EQ(cpus, (Cpus{0, 1, 2}));
  EXPECT_EQ(read_cpu_list("N", 3, cpus), 0);
  EXPECT_EQ(cpus, Cpus{2});
  EXPECT_EQ(read_cpu_list("", 8, cpus), 0);
  EXPECT_TRUE(cpus.empty());
  EXPECT_EQ(read_cpu_list("8", 8, cpus), ERANGE);
  EXPECT_EQ(read_cpu_list("3-1", 8, cpus), EINVAL);
  EXPECT_EQ(read_cpu_list("0-", 8, cpus), EINVAL);
  EXPECT_EQ(read_cpu_list("a", 8, cpus), EINVAL);
  EXPECT_EQ(read_cpu_list("99999999999", 8, cpus), EOVERFLOW);
}

TEST(CpuList, ReadsMasksAsTheKernelDoes) {
  Cpus cpus;
  EXPECT_EQ(read_cpu_mask("5\n", 8, cpus), 0);
  EXPECT_EQ(cpus, (Cpus{0, 2}));
  EXPECT_EQ(read_cpu_mask("1,00000001", 40, cpus), 0);
  EXPECT_EQ(cpus, (Cpus{0, 32}));
  EXPECT_EQ(read_cpu_mask("1,0,0", 40, cpus), EOVERFLOW);
  EXPECT_EQ(read_cpu_mask("100", 8, cpus), EOVERFLOW);
  EXPECT_EQ(read_cpu_mask("000000001", 8, cpus), EOVERFLOW);
  EXPECT_EQ(read_cpu_mask("g", 8, cpus), EINVAL);
}

TEST(CpuList, ShowsThemAsTheKernelDoes) {
  EXPECT_EQ(cpu_mask_text({0, 1, 2, 3}, 4), "f");
  EXPECT_EQ(cpu_mask_text({}, 4), "0");
  EXPECT_EQ(cpu_mask_text({0, 33}, 36), "2,00000001");
  EXPECT_EQ(cpu_mask_text({}, 64), "00000000,00000000");
  EXPECT_EQ(cpu_list_text({0, 1, 2, 5, 7, 8}), "0-2,5,7-8");
  EXPECT_EQ(cpu_list_text({}), "");
}

}  // namespace
}  // namespace berth::test::resctrl
