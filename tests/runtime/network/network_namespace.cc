#include "tests/runtime/network/network_namespace.h"

#include <fcntl.h>
#include <sched.h>

#include <exception>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "runtime/network/interface.h"

namespace berth::test {
namespace {

void in_thread(const std::function<void()>& action) {
  std::exception_ptr failure;
  std::thread thread([&] {
    try {
      action();
    } catch (...) {
      failure = std::current_exception();
    }
  });
  thread.join();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace

NetworkNamespace::NetworkNamespace() {
  in_thread([this] {
    check(::unshare(CLONE_NEWNET), "unshare", "network namespace");
    fd_ = open_file(AT_FDCWD, "/proc/thread-self/ns/net", O_RDONLY);
  });
}

void NetworkNamespace::run(const std::function<void()>& action) const {
  in_thread([&] {
    check(::setns(fd_.get(), CLONE_NEWNET), "setns", "network namespace");
    action();
  });
}

std::string lacks_network_namespaces() {
  try {
    const NetworkNamespace made;
    return {};
  } catch (const Error& e) {
    return e.message();
  }
}

std::string lacks_interfaces() {
  if (std::string why = lacks_network_namespaces(); !why.empty()) return why;
  if (plain_kind().empty()) return "no dummy and no ifb: " + errno_text(EOPNOTSUPP);
  return has_kind("veth") ? "" : "no veth: " + errno_text(EOPNOTSUPP);
}

void NetworkTest::SetUp() {
  if (const std::string why = lacks_network_namespaces(); !why.empty()) GTEST_SKIP() << why;
  here_.emplace();
  there_.emplace();
}

bool has_kind(const std::string& kind) {
  const NetworkNamespace scratch;
  try {
    make_interface(runtime::network::Netlink(scratch.fd()), kind, "x");
    return true;
  } catch (const Error& e) {
    if (e.code() != EOPNOTSUPP) throw;
    return false;
  }
}

std::string plain_kind() {
  for (const char* kind : {"dummy", "ifb"}) {
    if (has_kind(kind)) return kind;
  }
  return {};
}

}  // namespace berth::test
