// An OCI bundle on disk for end-to-end tests, made by tests/support/bundle/make-bundle and removed
// at the end.
#pragma once

#include <string>
#include <vector>

namespace berth::test {

class MadeBundle {
 public:
  // `options` as of make-bundle, without its folder. Readable by every user. Throws Error with its
  // last words.
  explicit MadeBundle(const std::vector<std::string>& options);
  ~MadeBundle();
  MadeBundle(const MadeBundle&) = delete;
  MadeBundle& operator=(const MadeBundle&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string parent_, path_;
};

}  // namespace berth::test
