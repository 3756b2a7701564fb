#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/error.h"
#include "runtime/spec/parse.h"

namespace berth::runtime::spec {
namespace {

class LoadBundle : public ::testing::Test {
 protected:
  LoadBundle() {
    char name[] = "/tmp/berth-spec-XXXXXX";
    dir_ = ::mkdtemp(name);
  }
  ~LoadBundle() override { std::filesystem::remove_all(dir_); }
  void write(const std::string& content) { std::ofstream(dir_ + "/config.json") << content; }
  std::string error() const { return error_of(dir_); }
  static std::string error_of(const std::string& bundle) {
    try {
      load_bundle(bundle);
    } catch (const Error& e) {
      return e.message();
    }
    return "no error";
  }
  std::string dir_;
};

TEST_F(LoadBundle, ReadsConfigJson) {
  write(R"({"ociVersion": "1.0.0", "root": {"path": "rootfs"}})");
  EXPECT_EQ(load_bundle(dir_).root->path, "rootfs");
}

TEST_F(LoadBundle, NoSuchBundle) {
  EXPECT_EQ(error_of(dir_ + "/x"), "no such bundle '" + dir_ + "/x'");
}

TEST_F(LoadBundle, BundleIsAFile) {
  write("{}");
  EXPECT_EQ(error_of(dir_ + "/config.json"),
            "bundle '" + dir_ + "/config.json' is not a directory");
}

TEST_F(LoadBundle, NoConfigJson) {
  EXPECT_EQ(error(), "bundle '" + dir_ + "' has no config.json");
}

TEST_F(LoadBundle, ConfigJsonIsAFifoOrADirectory) {
  ASSERT_EQ(::mkfifo((dir_ + "/config.json").c_str(), 0600), 0);
  EXPECT_EQ(error(), "bundle '" + dir_ + "': config.json is not a regular file");
  std::filesystem::remove(dir_ + "/config.json");
  std::filesystem::create_directory(dir_ + "/config.json");
  EXPECT_EQ(error(), "bundle '" + dir_ + "': config.json is not a regular file");
}

TEST_F(LoadBundle, ConfigJsonTooLarge) {
  write(std::string((4u << 20) + 1, ' '));
  EXPECT_EQ(error(), "bundle '" + dir_ + "': config.json is larger than 4 MiB");
}

TEST_F(LoadBundle, MistakesInsideNameTheBundle) {
  write(R"({"ociVersion": "1.0.0"})");
  EXPECT_EQ(error(), "bundle '" + dir_ + "': config.json: root: missing");
}

}  // namespace
}  // namespace berth::runtime::spec
