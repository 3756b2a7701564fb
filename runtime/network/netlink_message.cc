#include "runtime/network/netlink_message.h"

#include <netlink/attr.h>
#include <netlink/msg.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace berth::runtime::network {
namespace {

void require_room(bool fits) {
  if (!fits) throw Error("put together a message to", "rtnetlink", EMSGSIZE);
}

}  // namespace

void NetlinkMessage::Free::operator()(nl_msg* message) const {
  ::nlmsg_free(message);
}

NetlinkMessage::NetlinkMessage(int type, int flags) : message_(::nlmsg_alloc_simple(type, flags)) {
  if (!message_) throw Error("allocate a message to", "rtnetlink", ENOMEM);
}

void NetlinkMessage::append(Bytes header) {
  void* const data = const_cast<uint8_t*>(header.data());  // it is only read
  require_room(::nlmsg_append(get(), data, header.size(), NLMSG_ALIGNTO) == 0);
}

void NetlinkMessage::put(int attribute, const std::string& text) {
  require_room(::nla_put_string(get(), attribute, text.c_str()) == 0);
}

void NetlinkMessage::put(int attribute, uint32_t number) {
  require_room(::nla_put_u32(get(), attribute, number) == 0);
}

void NetlinkMessage::put(int attribute, Bytes bytes) {
  require_room(::nla_put(get(), attribute, static_cast<int>(bytes.size()), bytes.data()) == 0);
}

NetlinkMessage::Nest::Nest(NetlinkMessage& message, int attribute)
    : message_(message.get()), start_(::nla_nest_start(message_, attribute)) {
  require_room(start_ != nullptr);
}

NetlinkMessage::Nest::~Nest() {
  ::nla_nest_end(message_, start_);
}

std::optional<Bytes> Attributes::find(int attribute) const {
  const auto* const first = reinterpret_cast<const nlattr*>(bytes_.data());
  const nlattr* const found = ::nla_find(first, static_cast<int>(bytes_.size()), attribute);
  if (found == nullptr) return std::nullopt;
  return Bytes(static_cast<const uint8_t*>(::nla_data(found)),
               static_cast<size_t>(::nla_len(found)));
}

std::optional<std::string> Attributes::text(int attribute) const {
  const auto bytes = find(attribute);
  if (!bytes) return std::nullopt;
  const auto* const start = reinterpret_cast<const char*>(bytes->data());
  return std::string(start, ::strnlen(start, bytes->size()));
}

std::optional<uint32_t> Attributes::number(int attribute) const {
  uint32_t number = 0;
  const auto bytes = find(attribute);
  if (!bytes || bytes->size() < sizeof number) return std::nullopt;
  std::memcpy(&number, bytes->data(), sizeof number);
  return number;
}

Attributes Attributes::nested(int attribute) const {
  return Attributes(find(attribute).value_or(Bytes()));
}

void Answer::copy_header(void* header, size_t size) const {
  if (static_cast<size_t>(::nlmsg_datalen(&message_)) < size) return;
  std::memcpy(header, ::nlmsg_data(&message_), size);
}

Attributes Answer::attributes_after(size_t header_size) const {
  const int size = static_cast<int>(header_size);
  const int length = ::nlmsg_attrlen(&message_, size);
  if (length <= 0) return Attributes({});
  return Attributes({reinterpret_cast<const uint8_t*>(::nlmsg_attrdata(&message_, size)),
                     static_cast<size_t>(length)});
}

}  // namespace berth::runtime::network
