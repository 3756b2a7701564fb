#include "launcher/log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/trace.h"
#include "tests/support/temporary_folder.h"

namespace berth::launcher {
namespace {

constexpr const char* kTime = "2026-11-22T20:00:00Z";

TEST(Log, ALineIsOneObjectOfTheThreeKeys) {
  EXPECT_EQ(log_line(true, Level::error, "no \"such\"\nthing", kTime),
            R"({"level":"error","msg":"no \"such\"\nthing","time":"2026-11-22T20:00:00Z"})"
            "\n");
}

TEST(Log, ATextLineIsOneLineWhateverIsQuoted) {
  EXPECT_EQ(log_line(false, Level::warning, "a\nb", kTime),
            R"(time="2026-11-22T20:00:00Z" level=warning msg="a\nb")"
            "\n");
}

TEST(Log, BytesThatAreNoTextBreakNothing) {
  EXPECT_EQ(log_line(true, Level::error, "\xff", kTime),
            "{\"level\":\"error\",\"msg\":\"\xef\xbf\xbd\",\"time\":\"2026-11-22T20:00:00Z\"}\n");
}

TEST(Log, TheFileGrows) {
  const test::TemporaryFolder folder(0755);
  RuntimeOptions runtime;
  runtime.log = folder.path() + "/log";
  runtime.log_json = true;
  log(runtime, Level::error, "first");
  log(runtime, Level::warning, "second");
  const std::string text = read_file(AT_FDCWD, runtime.log);
  EXPECT_LT(text.find("first"), text.find("second"));
  EXPECT_NE(text.find(R"("level":"warning")"), std::string::npos);
}

TEST(Log, OnlyThisProcessTellsItsTraces) {
  const test::TemporaryFolder folder(0755);
  RuntimeOptions runtime;
  runtime.log = folder.path() + "/log";
  runtime.level = Level::debug;
  log_traces(runtime);
  trace("mine");
  const pid_t child = ::fork();
  if (child == 0) {
    trace("my child's");
    ::_exit(0);
  }
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  trace("mine again");
  set_trace_sink({});
  const std::string text = read_file(AT_FDCWD, runtime.log);
  EXPECT_NE(text.find("level=debug msg=\"mine\""), std::string::npos);
  EXPECT_NE(text.find("mine again"), std::string::npos);
  EXPECT_EQ(text.find("my child's"), std::string::npos);
}

TEST(Log, NothingIsTracedUnlessItIsAskedFor) {
  log_traces(RuntimeOptions{});
  EXPECT_FALSE(tracing());
}

}  // namespace
}  // namespace berth::launcher
