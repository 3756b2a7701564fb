#include "runtime/systemd/manager.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <optional>
#include <thread>
#include <utility>

#include "base/error.h"
#include "runtime/systemd/message.h"

namespace berth::runtime::systemd {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::duration_cast;
using std::chrono::microseconds;

constexpr auto kPatience = std::chrono::seconds(30);
constexpr const char* kPrivateSocket = "unix:path=/run/systemd/private";
constexpr const char* kUnitExists = "org.freedesktop.systemd1.UnitExists";
constexpr const char* kNoSuchUnit = "org.freedesktop.systemd1.NoSuchUnit";

struct Job {
  std::string path, result;
};

// A string (`s`) or an object's path (`o`), valid as long as the message; the return value is
// sd-bus's.
int read_text(sd_bus_message* message, char type, const char*& text) {
  return sd_bus_library().message_read_basic(message, type, static_cast<void*>(&text));
}

// JobRemoved: id, job, unit, result (`uoss`).
int on_job_removed(sd_bus_message* message, void* data, sd_bus_error*) noexcept {
  auto& job = *static_cast<Job*>(data);
  uint32_t id = 0;
  const char *path = nullptr, *unit = nullptr, *result = nullptr;
  if (sd_bus_library().message_read_basic(message, 'u', &id) <= 0) return 0;
  if (read_text(message, 'o', path) <= 0) return 0;
  if (read_text(message, 's', unit) <= 0) return 0;
  if (read_text(message, 's', result) <= 0) return 0;
  if (job.path == path) job.result = result;
  return 0;
}

int open_private(sd_bus** made) {
  const SdBus& f = sd_bus_library();
  sd_bus* bus = nullptr;
  if (const int rc = f.make(&bus); rc < 0) return rc;
  BusHandle owned(bus);
  if (const int rc = f.set_address(bus, kPrivateSocket); rc < 0) return rc;
  if (const int rc = f.start(bus); rc < 0) return rc;
  *made = owned.release();
  return 0;
}

int open_bus(Instance instance, sd_bus** made) {
  const SdBus& f = sd_bus_library();
  if (instance == Instance::user) return f.open_user(made);
  const int rc = f.open_system(made);
  const bool no_bus = rc == -ENOENT || rc == -ECONNREFUSED;
  return no_bus ? open_private(made) : rc;
}

// A bus that many ask at once has no place in its queue for a while.
BusHandle connect_patiently(Instance instance) {
  sd_bus* bus = nullptr;
  int rc = open_bus(instance, &bus);
  for (auto pause = std::chrono::milliseconds(50); rc == -EAGAIN && pause < kPatience / 2;
       pause *= 2) {
    std::this_thread::sleep_for(pause);
    rc = open_bus(instance, &bus);
  }
  if (rc >= 0) return BusHandle(bus);
  if (instance == Instance::system) throw Error("connect to systemd's D-Bus", {}, -rc);
  throw Error("connect to the D-Bus of the user's systemd", {}, -rc)
      .with_note("by DBUS_SESSION_BUS_ADDRESS or XDG_RUNTIME_DIR");
}

// `252.39-1~deb12u2`, perhaps with a `v` in front.
int leading_number(std::string_view version) {
  if (version.starts_with('v')) version.remove_prefix(1);
  int number = 0;
  std::from_chars(version.data(), version.data() + version.size(), number);
  return number;
}

}  // namespace

struct Manager::Connection {
  explicit Connection(BusHandle handle) : bus(std::move(handle)) {}

  // Nothing where the other end answers with an error.
  std::optional<MessageHandle> call(const Call& call, BusError& error) const {
    sd_bus_message* reply = nullptr;
    const auto limit = static_cast<uint64_t>(microseconds(kPatience).count());
    const int rc = sd_bus_library().call(bus.get(), call.message(), limit, error.get(), &reply);
    if (rc < 0 && error.name().empty()) throw Error("call systemd", {}, -rc);
    if (rc < 0) return std::nullopt;
    return MessageHandle(reply);
  }

  // Until systemd says how the job that the reply names has ended.
  std::string result_of(const MessageHandle& reply) {
    const char* path = nullptr;
    check_bus(read_text(reply.get(), 'o', path), "read a reply");
    job.result.clear();
    job.path = path;
    const Clock::time_point deadline = Clock::now() + kPatience;
    while (job.result.empty()) {
      const int rc = sd_bus_library().process(bus.get(), nullptr);
      if (check_bus(rc, "read") > 0) continue;
      const auto left = duration_cast<microseconds>(deadline - Clock::now()).count();
      if (left <= 0) throw Error("systemd does not finish it within 30 s");
      check_bus(sd_bus_library().wait(bus.get(), static_cast<uint64_t>(left)), "wait");
    }
    return job.result;
  }

  void watch_jobs() {
    if (slot) return;
    sd_bus_slot* made = nullptr;
    check_bus(sd_bus_library().match_signal_async(bus.get(), &made, kDestination, kObject, kManager,
                                                  "JobRemoved", on_job_removed, nullptr, &job),
              "listen");
    slot.reset(made);
  }

  // What does not come up is taken back.
  void finish_start(const std::string& unit, const MessageHandle& reply) {
    try {
      const std::string result = result_of(reply);
      if (result != "done") throw Error("its job ended with '" + result + "'");
    } catch (const Error&) {
      Call stop(bus.get(), "StopUnit");
      stop.add(text(unit));
      stop.add(text("replace"));
      BusError not_there;
      (void)call(stop, not_there);
      reset_failed(unit);
      throw;
    }
  }

  void reset_failed(const std::string& unit) const {
    Call reset(bus.get(), "ResetFailedUnit");
    reset.add(text(unit));
    BusError none_failed;
    (void)call(reset, none_failed);
  }

  std::string property(const char* name) const {
    BusError error;
    char* value = nullptr;
    const int rc = sd_bus_library().get_property_string(bus.get(), kDestination, kObject, kManager,
                                                        name, error.get(), &value);
    if (rc < 0) throw Error("read systemd's property", name, -rc).with_note(error.message());
    const std::unique_ptr<char, decltype(&std::free)> owned(value, &std::free);
    return value;
  }

  void drop_unknown(std::vector<Property>& properties) {
    const auto may_be_unknown = [](const Property& property) { return property.since > 0; };
    if (std::ranges::none_of(properties, may_be_unknown)) return;
    if (version == 0) version = leading_number(property("Version"));
    std::erase_if(properties, [&](const Property& p) { return p.since > version; });
  }

  Job job;
  BusHandle bus;
  SlotHandle slot;  // refers to the job
  int version = 0;
};

bool is_running() {
  struct stat status {};
  return ::lstat("/run/systemd/system", &status) == 0 && S_ISDIR(status.st_mode);
}

Manager::Manager(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}
Manager::~Manager() = default;
Manager::Manager(Manager&&) noexcept = default;
Manager& Manager::operator=(Manager&&) noexcept = default;

Manager Manager::connect(Instance instance) {
  return Manager(std::make_unique<Connection>(connect_patiently(instance)));
}

void Manager::start(const std::string& unit, std::vector<Property> properties) {
  const std::string step = "start systemd unit '" + unit + "'";
  try {
    connection_->drop_unknown(properties);
    connection_->watch_jobs();
    for (bool again = false;; again = true) {
      Call start(connection_->bus.get(), "StartTransientUnit");
      start.add(text(unit));
      start.add(text("replace"));
      start.add(properties);
      start.add_no_units();
      BusError error;
      if (const auto reply = connection_->call(start, error)) {
        return connection_->finish_start(unit, *reply);
      }
      if (again || error.name() != kUnitExists) throw Error(error.message());
      connection_->reset_failed(unit);
    }
  } catch (const Error& e) {
    throw e.within(step);
  }
}

void Manager::stop(const std::string& unit) {
  try {
    connection_->watch_jobs();
    Call stop(connection_->bus.get(), "StopUnit");
    stop.add(text(unit));
    stop.add(text("replace"));
    BusError error;
    if (const auto reply = connection_->call(stop, error)) {
      (void)connection_->result_of(*reply);
    } else if (error.name() != kNoSuchUnit) {
      throw Error(error.message());
    }
    connection_->reset_failed(unit);
  } catch (const Error& e) {
    throw e.within("stop systemd unit '" + unit + "'");
  }
}

void Manager::set(const std::string& unit, std::vector<Property> properties) {
  try {
    connection_->drop_unknown(properties);
    if (properties.empty()) return;
    Call set(connection_->bus.get(), "SetUnitProperties");
    set.add(text(unit));
    set.add(boolean(true));
    set.add(properties);
    BusError error;
    if (!connection_->call(set, error)) throw Error(error.message());
  } catch (const Error& e) {
    throw e.within("set properties of systemd unit '" + unit + "'");
  }
}

void Manager::attach(const std::string& unit, const std::string& below, pid_t pid) {
  try {
    Call attach(connection_->bus.get(), "AttachProcessesToUnit");
    attach.add(text(unit));
    attach.add(text(below));
    attach.add(pids({static_cast<uint32_t>(pid)}));
    BusError error;
    if (!connection_->call(attach, error)) throw Error(error.message());
  } catch (const Error& e) {
    throw e.within("attach process " + std::to_string(pid) + " to systemd unit '" + unit + "'");
  }
}

std::string Manager::cgroup() {
  std::string path = connection_->property("ControlGroup");
  return path.empty() ? "/" : path;
}

}  // namespace berth::runtime::systemd
