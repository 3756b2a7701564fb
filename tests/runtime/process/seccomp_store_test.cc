#include "runtime/process/seccomp_store.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <functional>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "runtime/process/seccomp.h"
#include "runtime/process/seccomp_key.h"
#include "tests/support/temporary_folder.h"

namespace berth::runtime::process {
namespace {

StoredFilter filter(uint32_t value) {
  return {.program = {{.code = BPF_RET | BPF_K, .jt = 0, .jf = 0, .k = value}},
          .flags = 3,
          .notifies = true};
}

class SeccompStoreTest : public ::testing::Test {
 protected:
  std::string place() const { return folder_.path() + "/store"; }
  SeccompStore store() const {
    auto opened = SeccompStore::open(place());
    if (!opened) throw Error("no store");
    return std::move(*opened);
  }
  // The one file that is there.
  std::string file() const {
    const auto names = list_dir(open_dir(AT_FDCWD, place()).get());
    return names.size() == 1 ? place() + "/" + names.front() : "";
  }
  test::TemporaryFolder folder_;
};

TEST_F(SeccompStoreTest, FindsWhatItKept) {
  store().keep("a", filter(7));
  EXPECT_FALSE(store().find("b"));
  const auto found = store().find("a");
  ASSERT_TRUE(found);
  ASSERT_EQ(found->program.size(), 1u);
  EXPECT_EQ(found->program[0].k, 7u);
  EXPECT_EQ(found->flags, 3u);
  EXPECT_TRUE(found->notifies);
}

TEST_F(SeccompStoreTest, AFileOfAnotherQuestionOrNotWholeIsNone) {
  store().keep("a", filter(7));
  const std::string whole = read_file(AT_FDCWD, file());
  const auto holds = [&](const std::string& text) {
    replace_file(open_dir(AT_FDCWD, place()).get(), file().substr(place().size() + 1), text, 0600);
    return store().find("a").has_value();
  };
  EXPECT_TRUE(holds(whole));
  EXPECT_FALSE(holds(""));
  EXPECT_FALSE(holds("x" + whole.substr(1))) << "another program's";
  for (const size_t size : {size_t{10}, size_t{40}, whole.size() - 1}) {
    EXPECT_FALSE(holds(whole.substr(0, size))) << size;
  }
  EXPECT_FALSE(holds(whole + whole)) << "longer than it says";
  std::string other = whole;
  other.at(other.size() - sizeof(sock_filter) - 1) = 'b';
  EXPECT_FALSE(holds(other)) << "of a question with the same hash";
}

TEST_F(SeccompStoreTest, WhatOthersCouldWriteToIsNotRead) {
  store().keep("a", filter(7));
  ASSERT_EQ(::chmod(file().c_str(), 0620), 0);
  EXPECT_FALSE(store().find("a"));
  ASSERT_EQ(::chmod(file().c_str(), 0600), 0);
  EXPECT_TRUE(store().find("a"));
  ASSERT_EQ(::chmod(place().c_str(), 0770), 0);
  EXPECT_FALSE(SeccompStore::open(place()));
  ASSERT_EQ(::chmod(place().c_str(), 0700), 0);
  const std::string link = folder_.path() + "/link";
  ASSERT_EQ(::symlink(place().c_str(), link.c_str()), 0);
  EXPECT_FALSE(SeccompStore::open(link));
  if (::geteuid() != 0) GTEST_SKIP() << "another owner takes root: " << errno_text(EPERM);
  ASSERT_EQ(::chown(file().c_str(), 1, 1), 0);
  EXPECT_FALSE(store().find("a"));
  ASSERT_EQ(::chown(place().c_str(), 1, 1), 0);
  EXPECT_FALSE(SeccompStore::open(place()));
}

TEST_F(SeccompStoreTest, DoesNotGrowForEver) {
  for (size_t i = 0; i < 3 * SeccompStore::kMost; ++i) {
    store().keep(std::to_string(i), filter(1));
    EXPECT_TRUE(store().find(std::to_string(i)));
  }
  EXPECT_LE(list_dir(open_dir(AT_FDCWD, place()).get()).size(), SeccompStore::kMost);
}

TEST_F(SeccompStoreTest, WithoutAFolderThereIsNone) {
  EXPECT_FALSE(SeccompStore::open(""));
  EXPECT_FALSE(SeccompStore::open("/proc/berth/store"));
}

spec::Seccomp profile() {
  spec::Seccomp seccomp;
  seccomp.default_action = "SCMP_ACT_ALLOW";
  seccomp.syscalls.push_back({{"mkdir"}, "SCMP_ACT_ERRNO", 5, {{0, 1, 2, "SCMP_CMP_EQ"}}});
  return seccomp;
}

TEST_F(SeccompStoreTest, AFilterIsCompiledOnce) {
  const auto obtained = [&] {
    return SeccompFilter::obtain(profile(), UnknownCalls::leave_out, place());
  };
  const SeccompFilter compiled = SeccompFilter::compile(profile());
  const auto same = [&](const SeccompFilter& other) {
    const auto& a = compiled.program();
    const auto& b = other.program();
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof a[0]) == 0;
  };
  EXPECT_TRUE(same(obtained()));
  EXPECT_TRUE(same(obtained()));
  // What is found is what was kept, not what would be compiled.
  store().keep(seccomp_key(profile(), UnknownCalls::leave_out), filter(7));
  EXPECT_EQ(obtained().program().size(), 1u);
  EXPECT_TRUE(obtained().notifies());
}

TEST(SeccompKey, DiffersWithEachPartOfTheProfile) {
  std::set<std::string> keys;
  const auto add = [&](const std::function<void(spec::Seccomp&)>& change) {
    spec::Seccomp seccomp = profile();
    change(seccomp);
    keys.insert(seccomp_key(seccomp, UnknownCalls::leave_out));
  };
  add([](spec::Seccomp&) {});
  add([](spec::Seccomp& s) { s.default_action = "SCMP_ACT_LOG"; });
  add([](spec::Seccomp& s) { s.default_errno_ret = 0; });
  add([](spec::Seccomp& s) { s.default_errno_ret = 1; });
  add([](spec::Seccomp& s) { s.architectures = {"SCMP_ARCH_X86"}; });
  add([](spec::Seccomp& s) { s.flags = {"SCMP_ARCH_X86"}; });
  add([](spec::Seccomp& s) { s.syscalls.clear(); });
  add([](spec::Seccomp& s) { s.syscalls.push_back(s.syscalls.front()); });
  add([](spec::Seccomp& s) { s.syscalls[0].names = {"mk", "dir"}; });
  add([](spec::Seccomp& s) { s.syscalls[0].action = "SCMP_ACT_LOG"; });
  add([](spec::Seccomp& s) { s.syscalls[0].errno_ret.reset(); });
  add([](spec::Seccomp& s) { s.syscalls[0].errno_ret = 6; });
  add([](spec::Seccomp& s) { s.syscalls[0].args.clear(); });
  add([](spec::Seccomp& s) { s.syscalls[0].args[0].index = 1; });
  add([](spec::Seccomp& s) { s.syscalls[0].args[0].value = 2; });
  add([](spec::Seccomp& s) { s.syscalls[0].args[0].value_two = 1; });
  add([](spec::Seccomp& s) { s.syscalls[0].args[0].op = "SCMP_CMP_NE"; });
  keys.insert(seccomp_key(profile(), UnknownCalls::refuse));
  EXPECT_EQ(keys.size(), 18u);
  EXPECT_EQ(seccomp_key(profile(), UnknownCalls::refuse),
            seccomp_key(profile(), UnknownCalls::refuse));
}

}  // namespace
}  // namespace berth::runtime::process
