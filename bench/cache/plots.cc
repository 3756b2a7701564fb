#include "bench/cache/plots.h"

#include <fcntl.h>
#include <sys/wait.h>

#include <cstdio>
#include <filesystem>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/run_program.h"

namespace berth::cache_bench {
namespace {

std::string program() {
  std::error_code failure;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", failure);
  if (failure) throw Error("read the link", "/proc/self/exe", failure.value());
  return self.parent_path() / "cache-plots";
}

std::string said(Finished finished) {
  while (finished.output.ends_with('\n')) finished.output.pop_back();
  return std::move(finished.output);
}

bool succeeded(const Finished& finished) {
  return WIFEXITED(finished.status) && WEXITSTATUS(finished.status) == 0;
}

}  // namespace

void check_drawing(const std::string& directory) {
  make_dir(AT_FDCWD, directory, 0755);
  Finished looked = run_program({program(), "--check"});
  if (!succeeded(looked)) throw Error("--plots: " + said(std::move(looked)));
}

void draw(const std::string& json_file, const std::string& directory) {
  make_dir(AT_FDCWD, directory, 0755);
  Finished drawn = run_program({program(), json_file, directory});
  if (!succeeded(drawn)) {
    throw Error("draw the plots of " + json_file + ": " + said(std::move(drawn)));
  }
  std::fputs(drawn.output.c_str(), stderr);
}

void draw_text(const std::string& json, const std::string& directory) {
  make_dir(AT_FDCWD, directory, 0755);
  const UniqueFd dir = open_dir(AT_FDCWD, directory);
  replace_file(dir.get(), "figures.json", json, 0644, /*through_a_crash=*/false);
  draw(directory + "/figures.json", directory);
}

}  // namespace berth::cache_bench
