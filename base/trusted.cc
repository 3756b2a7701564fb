#include "base/trusted.h"

#include <sys/stat.h>

#include "base/error.h"

namespace berth {

std::string why_untrusted(int fd, uid_t owner) {
  struct stat st {};
  check(::fstat(fd, &st), "fstat");
  if (st.st_uid != owner) {
    return "it belongs to uid " + std::to_string(st.st_uid) + ", not to root";
  }
  if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return "others than root may write it (chmod go-w)";
  }
  return {};
}

}  // namespace berth
