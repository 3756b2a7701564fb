#include "launcher/log_destination.h"

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/error.h"
#include "base/fd.h"
#include "tests/support/temporary_folder.h"

namespace berth::launcher {
namespace {

using Kind = LogDestination::Kind;

TEST(LogDestination, HasThreeForms) {
  const auto is = [](Kind kind, const char* name) { return LogDestination{kind, name}; };
  EXPECT_EQ(parse_log_destination(""), is(Kind::none, ""));
  EXPECT_EQ(parse_log_destination("/a/b"), is(Kind::file, "/a/b"));
  EXPECT_EQ(parse_log_destination("file:/a/b"), is(Kind::file, "/a/b"));
  EXPECT_EQ(parse_log_destination("journald:box"), is(Kind::journal, "box"));
  EXPECT_EQ(parse_log_destination("syslog:box"), is(Kind::syslog, "box"));
  EXPECT_EQ(parse_log_destination("syslog:"), is(Kind::syslog, "berth"));
  EXPECT_EQ(parse_log_destination("journal:x"), is(Kind::file, "journal:x"));
}

TEST(LogDestination, RecordsAreOneLineEach) {
  EXPECT_EQ(journal_record(Level::warning, "box", "a\nMESSAGE=b"),
            "PRIORITY=4\nSYSLOG_IDENTIFIER=box\nMESSAGE=a\\x0aMESSAGE=b\n");
  EXPECT_EQ(syslog_record(Level::error, "box", 7, "a\nb"), "<11>box[7]: a\\x0ab");
  EXPECT_EQ(syslog_record(Level::debug, "box", 7, "a"), "<15>box[7]: a");
}

TEST(LogDestination, ARecordIsOneDatagram) {
  const test::TemporaryFolder folder(0755);
  const std::string path = folder.path() + "/socket";
  const UniqueFd listener(check(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket"));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  check(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), "bind");
  send_record(path.c_str(), "text");
  char buffer[16];
  ASSERT_EQ(::recv(listener.get(), buffer, sizeof buffer, MSG_DONTWAIT), 4);
  EXPECT_EQ(std::string(buffer, 4), "text");
  EXPECT_THROW(send_record("/none/socket", "text"), Error);
}

}  // namespace
}  // namespace berth::launcher
