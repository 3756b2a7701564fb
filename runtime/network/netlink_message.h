// What is said over netlink (netlink(7)): a header of the family's, then attributes. libnl lays
// them out; which ones there are is linux/if_link.h, if_addr.h and rtnetlink.h.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

struct nl_msg;
struct nlattr;
struct nlmsghdr;

namespace berth::runtime::network {

using Bytes = std::span<const uint8_t>;

// A request. Throws Error (EMSGSIZE) where it gets longer than a page.
class NetlinkMessage {
 public:
  // `type`: RTM_*; `flags`: NLM_F_* beside those that every request has; `header`: struct ifinfomsg
  // and the like.
  template <class Header>
  NetlinkMessage(int type, int flags, const Header& header) : NetlinkMessage(type, flags) {
    append(header);
  }

  template <class Header>
  void append(const Header& header) {
    append({reinterpret_cast<const uint8_t*>(&header), sizeof header});
  }
  void put(int attribute, const std::string& text);
  void put(int attribute, uint32_t number);
  void put(int attribute, Bytes bytes);

  // What is put while it lives is inside of the attribute.
  class Nest {
   public:
    Nest(NetlinkMessage& message, int attribute);
    ~Nest();
    Nest(const Nest&) = delete;
    Nest& operator=(const Nest&) = delete;

   private:
    nl_msg* message_;
    nlattr* start_;
  };

  nl_msg* get() const { return message_.get(); }

 private:
  struct Free {
    void operator()(nl_msg* message) const;
  };
  NetlinkMessage(int type, int flags);
  void append(Bytes header);
  std::unique_ptr<nl_msg, Free> message_;
};

// Attributes of an answer, for as long as that is there. Absent or too short: nothing.
class Attributes {
 public:
  explicit Attributes(Bytes bytes) : bytes_(bytes) {}
  std::optional<Bytes> find(int attribute) const;
  std::optional<std::string> text(int attribute) const;  // without the NUL at its end
  std::optional<uint32_t> number(int attribute) const;
  Attributes nested(int attribute) const;

 private:
  Bytes bytes_;
};

// One message of the kernel's, for as long as it is being handled.
class Answer {
 public:
  explicit Answer(const nlmsghdr& message) : message_(message) {}
  // All zero where the message is too short to have one.
  template <class Header>
  Header header() const {
    Header header{};
    copy_header(&header, sizeof header);
    return header;
  }
  template <class Header>
  Attributes attributes() const {
    return attributes_after(sizeof(Header));
  }

 private:
  void copy_header(void* header, size_t size) const;
  Attributes attributes_after(size_t header_size) const;
  const nlmsghdr& message_;
};

}  // namespace berth::runtime::network
