#include "rdt/journal.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "tests/rdt/node.h"
#include "tests/support/message_of.h"
#include "tests/support/resctrl_tree.h"

namespace berth::rdt {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class JournalTest : public testing::Test {
 protected:
  JournalTest() {
    node_.layout.original.l3.assign(2, {WayMask(0x7ff), WayMask(0x7ff)});
    node_.take("job_1", "4w", {0});
    steps_ = {{Step::Kind::make, "berth_1", {}, {}},
              {Step::Kind::write, "berth_1", parse_schemata("L3:0=f\n"), {}}};
  }
  // A writer who dies once it was about to do that many steps.
  void dies_at(size_t steps, Journal::Change change = Journal::Change::take) {
    Journal journal(dir(), node_.capability, change, "job_1", node_.layout, steps_);
    for (size_t i = 0; i < steps; ++i) journal.about_to(steps_[i]);
  }
  std::optional<Journal::Pending> read() { return Journal::read(dir(), node_.capability); }
  std::string text() { return read_file(dir(), "rdt.journal"); }
  void write(const std::string& text) {
    write_all(open_file(dir(), "rdt.journal", O_WRONLY | O_CREAT | O_TRUNC, 0644).get(), text,
              "rdt.journal");
  }
  std::vector<std::string> files() { return list_dir(dir()); }
  int dir() { return tree_.state_dir(); }

  ResctrlTree tree_;
  Node node_;
  std::vector<Step> steps_;
};

TEST_F(JournalTest, IsNotThereWhereNothingIsUnderWay) {
  EXPECT_FALSE(read());
  {
    Journal journal(dir(), node_.capability, Journal::Change::take, "job_1", node_.layout, steps_);
    journal.about_to(steps_[0]);
    journal.done();
  }
  EXPECT_FALSE(read());
  EXPECT_THAT(files(), IsEmpty());
  EXPECT_NO_THROW(Journal::remove(dir())) << "what is gone is gone";
}

TEST_F(JournalTest, TellsWhatAWriterWhoDiedWasAbout) {
  for (const auto change :
       {Journal::Change::take, Journal::Change::release, Journal::Change::restore}) {
    dies_at(1, change);
    const auto pending = read();
    ASSERT_TRUE(pending);
    EXPECT_EQ(pending->change, change);
    EXPECT_EQ(pending->claim, "job_1");
    EXPECT_EQ(pending->to, node_.layout);
    EXPECT_EQ(pending->steps, 2U);
    EXPECT_EQ(pending->started, 1U);
    EXPECT_THAT(files(), ElementsAre("rdt.journal")) << "reading does not end it";
  }
}

TEST_F(JournalTest, CountsTheStepsThatWereBegun) {
  for (const size_t steps : {0U, 1U, 2U}) {
    dies_at(steps);
    EXPECT_EQ(read()->started, steps);
  }
}

TEST_F(JournalTest, IsForPeopleTooAStepALine) {
  dies_at(2);
  EXPECT_THAT(text(), testing::EndsWith("}\nmake 'berth_1'\nwrite 'berth_1' L3:0=f\n"));
}

TEST_F(JournalTest, ARecordThatWasNotWrittenCompletelyIsOfNoChange) {
  dies_at(0);
  const std::string whole = text();
  for (const size_t length : {size_t{0}, size_t{1}, whole.size() / 2, whole.size() - 1}) {
    write(whole.substr(0, length));
    EXPECT_FALSE(read()) << length;
    EXPECT_THAT(files(), IsEmpty()) << length;
  }
}

TEST_F(JournalTest, AStepsLineThatWasNotWrittenCompletelyHadNotBegun) {
  dies_at(1);
  write(text() + "write 'ber");
  EXPECT_EQ(read()->started, 1U);
}

TEST_F(JournalTest, ADamagedOneIsAnErrorAndStays) {
  dies_at(0);
  const std::string whole = text();
  std::string other_change = whole;
  other_change.replace(other_change.find("\"take\""), 6, "\"grab\"");
  std::string other_version = whole;
  other_version.replace(other_version.find("\"version\":2"), 11, "\"version\":9");
  for (const std::string& bad :
       {std::string("\n"), std::string("{}\n"), std::string("[]\n"), std::string("nonsense\n"),
        whole.substr(5), other_change, other_version}) {
    write(bad);
    EXPECT_EQ(test::message_of([&] { (void)read(); }),
              "the journal 'rdt.journal' is damaged: it is not what berth writes")
        << bad;
    EXPECT_EQ(text(), bad);
  }
}

TEST_F(JournalTest, ANewOneReplacesWhatIsLeftOfAnOld) {
  write("something old that is longer than nothing\n");
  dies_at(0, Journal::Change::release);
  EXPECT_EQ(read()->change, Journal::Change::release);
}

TEST_F(JournalTest, DoesNotWriteThroughALink) {
  ASSERT_EQ(::symlinkat("elsewhere", dir(), "rdt.journal"), 0);
  EXPECT_THROW(dies_at(0), Error);
  EXPECT_THAT(files(), ElementsAre("rdt.journal"));
}

}  // namespace
}  // namespace berth::rdt
