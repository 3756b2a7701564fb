// Descriptors beyond stdio that berth as an OCI runtime passes on, and their numbers.
#include <gmock/gmock.h>

#include "tests/e2e/runtime_fixture.h"

namespace berth::test {
namespace {

using ::testing::HasSubstr;

class Descriptors : public RuntimeFixture {
 protected:
  void SetUp() override {
    RuntimeFixture::SetUp();
    if (IsSkipped()) return;
    for (const char* name : {"a", "b", "c"}) folder_.write(name, name);
    // The program tells of itself: what is at each number, and its own idea of sockets.
    script(
        "for i in 3 4 5 6 7 8; do if test -e /proc/self/fd/$i; then echo $i $(cat <&$i); fi; done; "
        "echo pid=$LISTEN_PID fds=$LISTEN_FDS");
  }
  // Words run by a shell that opens descriptors and has a word to say on LISTEN_PID (its own pid,
  // which berth keeps, is $$).
  Ran with(const std::string& descriptors, const std::string& variables,
           std::vector<std::string> words) const {
    const std::string text =
        "cd " + folder_.path() + "; " + variables + " exec \"$@\" " + descriptors;
    words.insert(words.begin(), {"sh", "-c", text, "sh", kBerth, "--root", root()});
    return run(words);
  }
};

TEST_F(Descriptors, SocketsOfItsOwnArePassedOnAndAnnounced) {
  const Ran ran = with("3<a 4<b 5<c", "LISTEN_PID=$$ LISTEN_FDS=2", {"run", "-b", bundle(), id()});
  EXPECT_EQ(ran.out, "3 a\n4 b\npid=1 fds=2\n") << ran;
}

TEST_F(Descriptors, SocketsOfAnotherProcessAreNotPassedOn) {
  const Ran ran = with("3<a 4<b", "LISTEN_PID=1 LISTEN_FDS=2", {"run", "-b", bundle(), id()});
  EXPECT_EQ(ran.out, "pid= fds=\n") << ran;
}

TEST_F(Descriptors, PreservedOnesComeAfterTheSockets) {
  const Ran ran = with("3<a 4<b 5<c", "LISTEN_PID=$$ LISTEN_FDS=1",
                       {"run", "--preserve-fds", "1", "-b", bundle(), id()});
  EXPECT_EQ(ran.out, "3 a\n4 b\npid=1 fds=1\n") << ran;
}

// runc gives the container its own descriptors in a gap's place (its issue 5474).
TEST_F(Descriptors, AGapAmongThePreservedStaysAGap) {
  const Ran ran =
      with("3<&- 4<b 5<&- 6<c 7<&-", "", {"run", "--preserve-fds", "5", "-b", bundle(), id()});
  EXPECT_EQ(ran.out, "4 b\n6 c\npid= fds=\n") << ran;
}

TEST_F(Descriptors, ASocketThatIsClosedIsAnError) {
  const std::string c = id();
  const Ran ran = with("3<a", "LISTEN_PID=$$ LISTEN_FDS=2", {"run", "-b", bundle(), c});
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.err, HasSubstr("LISTEN_FDS: descriptor '4' was not open"));
  EXPECT_THAT(remains(c), ::testing::IsEmpty());
}

TEST_F(Descriptors, ACreatedContainerHasThemAtItsStart) {
  const std::string c = id();
  const std::string out = " >" + folder_.path() + "/out 2>&1";
  const Ran made = with("3<a 4<b 6<c" + out, "LISTEN_PID=$$ LISTEN_FDS=1",
                        {"create", "--preserve-fds", "4", "-b", bundle(), c});
  ASSERT_EQ(made.status, 0) << made;
  ASSERT_EQ(berth({"start", c}).status, 0);
  EXPECT_EQ(await(c, "stopped"), "stopped");
  EXPECT_EQ(read_file(AT_FDCWD, folder_.path() + "/out"), "3 a\n4 b\n6 c\npid=1 fds=1\n");
}

TEST_F(Descriptors, ExecPreservesFrom3UpAndIsHandedNoSockets) {
  script("exec sleep 300");
  const std::string c = id();
  ASSERT_EQ(with(">/dev/null", "", {"run", "-d", "-b", bundle(), c}).status, 0);
  const std::string look =
      "for i in 3 4 5 6 7; do if test -e /proc/self/fd/$i; then echo $i $(cat <&$i); fi; done; "
      "echo pid=$LISTEN_PID";
  const Ran ran = with("3<a 5<b 6<c", "LISTEN_PID=$$ LISTEN_FDS=1",
                       {"exec", "--preserve-fds", "3", c, "sh", "-c", look});
  EXPECT_EQ(ran.out, "3 a\n5 b\npid=\n") << ran;
}

}  // namespace
}  // namespace berth::test
