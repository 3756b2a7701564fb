#include "runtime/criu/rpc.h"

#include <cstdint>
#include <functional>

namespace berth::runtime::criu {
namespace {

// enum criu_req_type
constexpr uint64_t kDump = 1, kRestore = 2, kNotify = 6;
constexpr uint64_t kAllMessages = 4;  // -v4

std::string varint(uint64_t value) {
  std::string bytes;
  for (; value > 0x7f; value >>= 7) bytes += static_cast<char>(0x80 | (value & 0x7f));
  return bytes + static_cast<char>(value);
}

std::string number(unsigned field, uint64_t value) {
  return varint(uint64_t{field} << 3) + varint(value);
}

std::string text(unsigned field, std::string_view value) {
  return varint(uint64_t{field} << 3 | 2) + varint(value.size()) + std::string(value);
}

// False where the bytes end before it does.
bool take_varint(std::string_view& bytes, uint64_t& value) {
  value = 0;
  for (unsigned shift = 0; !bytes.empty() && shift < 64; shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    value |= uint64_t{byte & 0x7fU} << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

// Numbers and texts, in their order. False where anything else comes.
bool each_field(std::string_view bytes,
                const std::function<void(uint64_t field, uint64_t number, std::string_view)>& use) {
  while (!bytes.empty()) {
    uint64_t key = 0, value = 0;
    if (!take_varint(bytes, key) || !take_varint(bytes, value)) return false;
    const uint64_t type = key & 7;
    if (type == 0) {
      use(key >> 3, value, {});
    } else if (type == 2 && value <= bytes.size()) {
      use(key >> 3, 0, bytes.substr(0, value));
      bytes.remove_prefix(value);
    } else {
      return false;
    }
  }
  return true;
}

}  // namespace

// The numbers are those of the fields of criu_opts and criu_req.
std::string encode(const Request& request) {
  std::string options = number(1, 0);  // images_dir_fd: has to be there, and does not count
  if (request.pid > 0) options += number(2, static_cast<uint64_t>(request.pid));
  options += number(9, kAllMessages) + text(10, request.log_file);
  if (request.restore) options += number(12, 1) + number(26, 1);  // notify_scripts, rst_sibling
  options += number(50, 1) + text(51, request.config_file);       // orphan_pts_master
  return number(1, request.restore ? kRestore : kDump) + text(2, options);
}

std::string acknowledgement(bool go_on) {
  return number(1, kNotify) + number(3, go_on ? 1 : 0);
}

Answer decode(std::string_view bytes) {
  Answer answer;
  const bool whole = each_field(bytes, [&](uint64_t field, uint64_t value, std::string_view body) {
    if (field == 2) answer.success = value != 0;
    if (field != 5) return;
    each_field(body, [&](uint64_t part, uint64_t pid, std::string_view script) {
      if (part == 1) answer.notice = script;
      if (part == 2) answer.pid = static_cast<pid_t>(pid);
    });
  });
  return whole ? answer : Answer{};
}

}  // namespace berth::runtime::criu
