#include "runtime/container/sync.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <iterator>
#include <string>
#include <vector>

#include "base/error.h"

namespace berth::runtime {
namespace {

// One letter, then the rest.
constexpr char kHandOver = 'h';  // and the pid, with its pidfd
constexpr char kGo = 'g';        // and the pid
// And kWithV2, if v2's group is to be joined; for each limit a line feed, its name, `=` and its
// value.
constexpr char kConfinement = 'o';
constexpr char kWithV2 = '2';
constexpr char kNamespaces = 'n';
constexpr char kTree = 't';
constexpr char kLimits = 'l';
constexpr char kReady = 'r';
constexpr char kCommitted = 'c';
constexpr char kAgent = 'a';   // and, in the answer, a connection
constexpr char kFailed = 'f';  // and the exit code, a line feed, the message

int leading_number(const std::string& bytes) {
  int value = -1;
  std::from_chars(bytes.data() + 1, bytes.data() + bytes.size(), value);
  return value;
}

// An empty answer is the other end's closing.
Message receive(int socket) {
  Message message = receive_message(socket);
  if (!message.bytes.starts_with(kFailed)) return message;
  const size_t line = message.bytes.find('\n');
  throw EnterFailure(message.bytes.substr(line + 1), leading_number(message.bytes));
}

}  // namespace

pid_t ChildEnd::wait_for_go() const {
  const Message message = receive_message(socket_.get());
  if (!message.bytes.starts_with(kGo)) ::_exit(kExitBerthFailed);
  return leading_number(message.bytes);
}

// The descriptors are those of the limits, in the order of the lines, then v2's and v1's.
Confinement ChildEnd::wait_for_confinement() const {
  Message message = receive_message(socket_.get());
  if (!message.bytes.starts_with(kConfinement)) ::_exit(kExitBerthFailed);
  Confinement made;
  auto fd = message.fds.begin();
  for (size_t line = message.bytes.find('\n'); line != std::string::npos;) {
    const size_t equals = message.bytes.find('=', line);
    const size_t next = message.bytes.find('\n', line + 1);
    if (equals > next || fd == message.fds.end()) ::_exit(kExitBerthFailed);
    made.limits.limits.push_back({std::move(*fd++),
                                  message.bytes.substr(equals + 1, next - equals - 1),
                                  message.bytes.substr(line + 1, equals - line - 1)});
    line = next;
  }
  if (message.bytes.starts_with(std::string{kConfinement, kWithV2})) {
    if (fd == message.fds.end()) ::_exit(kExitBerthFailed);
    made.v2_procs = std::move(*fd++);
  }
  made.v1_tasks.assign(std::move_iterator(fd), std::move_iterator(message.fds.end()));
  return made;
}

void ChildEnd::namespaces() const {
  send_message(socket_.get(), std::string(1, kNamespaces));
}

void ChildEnd::tree() const {
  send_message(socket_.get(), std::string(1, kTree));
}

void ChildEnd::limits() const {
  send_message(socket_.get(), std::string(1, kLimits));
}

void ChildEnd::hand_over(pid_t pid, const UniqueFd& pidfd) const {
  const int fd = pidfd.get();
  send_message(socket_.get(), kHandOver + std::to_string(pid), {&fd, 1});
}

void ChildEnd::ready() const {
  send_message(socket_.get(), std::string(1, kReady));
}

void ChildEnd::ready_and_committed() const {
  send_message(socket_.get(), std::string(1, kCommitted));
}

UniqueFd ChildEnd::ask_for_agent() const {
  send_message(socket_.get(), std::string(1, kAgent));
  Message message = receive_message(socket_.get());
  if (!message.bytes.starts_with(kAgent) || message.fds.size() != 1) ::_exit(kExitBerthFailed);
  return std::move(message.fds.front());
}

void ChildEnd::fail(const EnterFailure& failure) const noexcept {
  std::string text = kFailed + std::to_string(failure.exit_code()) + "\n" + failure.what();
  text.resize(std::min(text.size(), kMaxMessage));
  (void)!::write(socket_.get(), text.data(), text.size());
}

bool ChildEnd::parent_is_gone() const {
  pollfd state{socket_.get(), 0, 0};
  return ::poll(&state, 1, 0) > 0 && (state.revents & (POLLHUP | POLLERR)) != 0;
}

void ParentEnd::send(std::string_view bytes, std::span<const int> fds) const {
  try {
    send_message(socket_.get(), bytes, fds);
  } catch (const Error& e) {
    // A dead child is told of by what it left to read.
    if (e.code() != EPIPE && e.code() != ECONNRESET) throw;
  }
}

void ParentEnd::go(pid_t pid) const {
  send(kGo + std::to_string(pid));
}

void ParentEnd::confine(const Confinement& made) const {
  std::string bytes(1, kConfinement);
  std::vector<int> fds;
  for (const LateLimit& limit : made.limits.limits) {
    bytes += "\n" + limit.name + "=" + limit.value;
    fds.push_back(limit.fd.get());
  }
  if (made.v2_procs) {
    bytes.insert(1, 1, kWithV2);
    fds.push_back(made.v2_procs.get());
  }
  for (const UniqueFd& tasks : made.v1_tasks) fds.push_back(tasks.get());
  send(bytes, fds);
}

std::optional<HandedOver> ParentEnd::await_hand_over() const {
  Message message = receive(socket_.get());
  if (!message.bytes.starts_with(kHandOver) || message.fds.size() != 1) return std::nullopt;
  return HandedOver{leading_number(message.bytes), std::move(message.fds.front())};
}

bool ParentEnd::await_namespaces() const {
  return receive(socket_.get()).bytes.starts_with(kNamespaces);
}

bool ParentEnd::await_tree() const {
  return receive(socket_.get()).bytes.starts_with(kTree);
}

bool ParentEnd::await_limits() const {
  return receive(socket_.get()).bytes.starts_with(kLimits);
}

ParentEnd::Ready ParentEnd::await_ready() const {
  const Message message = receive(socket_.get());
  if (message.bytes.starts_with(kCommitted)) return Ready::committed;
  return message.bytes.starts_with(kReady) ? Ready::waits : Ready::no;
}

bool ParentEnd::await_execve(const std::function<UniqueFd()>& connect_agent) const {
  try {
    Message message = receive(socket_.get());
    if (message.bytes.starts_with(kAgent)) {
      UniqueFd agent = connect_agent();
      const int fd = agent.get();
      send_message(socket_.get(), std::string(1, kAgent), {&fd, 1});
      agent.reset();  // the agent is to see the end when the child closes it
      message = receive(socket_.get());
    }
    return message.bytes.empty();
  } catch (const EnterFailure& e) {
    throw EnterFailure(e.what(), e.exit_code(), /*set_up=*/true);
  }
}

}  // namespace berth::runtime
