#include "runtime/container/hooks.h"

#include <gtest/gtest.h>
#include <signal.h>

#include "tests/runtime/process/in_child.h"

namespace berth::runtime {
namespace {

// More than a pipe holds, so that the write to a hook that is gone is certain to fail.
TEST(Hooks, ThatDoNotReadTheirInputEndNobodyEvenLater) {
  EXPECT_EQ(test::in_child([] {
              sigset_t pipe;
              ::sigemptyset(&pipe);
              ::sigaddset(&pipe, SIGPIPE);
              ::sigprocmask(SIG_BLOCK, &pipe, nullptr);
              run_hooks(
                  {{.path = "/bin/sh", .args = {"sh", "-c", "exit 0"}, .env = {}, .timeout = {}}},
                  "prestart", std::string(size_t{1} << 20, 'x'));
              ::sigprocmask(SIG_UNBLOCK, &pipe, nullptr);
              return std::string("alive");
            }),
            "alive");
}

}  // namespace
}  // namespace berth::runtime
