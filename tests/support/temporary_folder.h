// A folder of a test's own in /tmp, gone at its end.
#pragma once

#include <sys/types.h>

#include <string>

namespace berth::test {

class TemporaryFolder {
 public:
  explicit TemporaryFolder(mode_t mode = 0755);
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string name() const;  // the last word of it
  // Makes a file, and the folders to it. Returns its path.
  std::string write(const std::string& name, const std::string& text) const;
  bool has(const std::string& name) const;

 private:
  std::string path_;
};

}  // namespace berth::test
