#include "base/trace.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace berth {
namespace {

class Trace : public testing::Test {
 protected:
  void TearDown() override { set_trace_sink({}); }
};

TEST_F(Trace, IsSilentWithoutASink) {
  EXPECT_FALSE(tracing());
  trace("nobody listens");
}

TEST_F(Trace, ReachesTheSinkUntilItIsRemoved) {
  std::vector<std::string> lines;
  set_trace_sink([&](std::string_view line) { lines.emplace_back(line); });
  EXPECT_TRUE(tracing());
  trace("one");
  set_trace_sink({});
  EXPECT_FALSE(tracing());
  trace("two");
  EXPECT_EQ(lines, std::vector<std::string>{"one"});
}

TEST_F(Trace, HandsBackTheSinkBefore) {
  std::vector<std::string> outer;
  std::vector<std::string> inner;
  set_trace_sink([&](std::string_view line) { outer.emplace_back(line); });
  TraceSink before = set_trace_sink([&](std::string_view line) { inner.emplace_back(line); });
  trace("inner");
  set_trace_sink(std::move(before));
  trace("outer");
  EXPECT_EQ(inner, std::vector<std::string>{"inner"});
  EXPECT_EQ(outer, std::vector<std::string>{"outer"});
}

}  // namespace
}  // namespace berth
