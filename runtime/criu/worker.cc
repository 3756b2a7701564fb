#include "runtime/criu/worker.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include "base/error.h"
#include "base/file.h"

namespace berth::runtime::criu {
namespace {

using Words = std::vector<std::string>;

constexpr std::array kOfTheWorker{"--config", "--no-default-config"};
// In the request; or of a command line alone; or, shell-job, instead of the terminal.
constexpr std::array kOfTheRequest{
    "--images-dir",       "--log-file",        "--tree",         "-v4", "--shell-job",
    "--restore-detached", "--restore-sibling", "--action-script"};

bool is_one_of(const auto& names, const std::string& word) {
  return std::ranges::find(names, word) != names.end();
}

// Each option with its value, which no option begins like; empty where it has none.
void each_option(const Words& words,
                 const std::function<void(const std::string&, const std::string&)>& use) {
  for (size_t i = 1; i < words.size(); ++i) {
    const size_t equals = words[i].find('=');
    const std::string name = words[i].substr(0, equals);
    std::string value = equals == std::string::npos ? "" : words[i].substr(equals + 1);
    if (value.empty() && i + 1 < words.size() && !words[i + 1].starts_with('-')) {
      value = words[++i];
    }
    use(name, value);
  }
}

std::string quoted(const std::string& value) {
  if (value.find_first_of(" \t\"#\\") == std::string::npos) return value;
  std::string text = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') text += '\\';
    text += c;
  }
  return text + '"';
}

std::string path_in_proc(const UniqueFd& fd) {
  return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(fd.get());
}

}  // namespace

std::string config_text(const Words& words, int images) {
  std::string text = "images-dir /proc/self/fd/" + std::to_string(images) + "\n";
  each_option(words, [&](const std::string& name, const std::string& value) {
    if (is_one_of(kOfTheRequest, name) || is_one_of(kOfTheWorker, name)) return;
    text += name.substr(2) + (value.empty() ? "" : " " + quoted(value)) + "\n";
  });
  return text;
}

Order::Order(const Words& words) {
  request_.restore = words.front() == "restore";
  each_option(words, [&](const std::string& name, const std::string& value) {
    if (name == "--images-dir") images_path_ = value;
    if (name == "--log-file") request_.log_file = value;
    if (name == "--tree") {
      (void)std::from_chars(value.data(), value.data() + value.size(), request_.pid);
    }
    if (!is_one_of(kOfTheWorker, name)) return;
    arguments_.push_back(name);
    if (!value.empty()) arguments_.push_back(value);
  });
  images_ = open_dir(AT_FDCWD, images_path_);
  config_ = sealed_memfd("criu-config", config_text(words, images_.get()));
  request_.config_file = path_in_proc(config_);
}

void Order::pass_images_on() const {
  const UniqueFd again = open_dir(AT_FDCWD, images_path_);
  check(::dup2(again.get(), images_.get()), "dup2", images_path_);
}

Words Order::words(const std::string& program, int socket) const {
  Words all{program, "swrk", std::to_string(socket)};
  all.insert(all.end(), arguments_.begin(), arguments_.end());
  return all;
}

bool converse(int socket, const Order& order, const Notices& notices) {
  send_message(socket, order.request());
  while (true) {
    Message message = receive_message(socket);
    const Answer answer = decode(message.bytes);
    if (answer.notice.empty()) return answer.success;
    try {
      if (answer.notice == "post-restore" && notices.restored) notices.restored(answer.pid);
      if (answer.notice == "orphan-pts-master" && notices.terminal && !message.fds.empty()) {
        notices.terminal(std::move(message.fds.front()));
      }
    } catch (...) {
      send_message(socket, acknowledgement(false));
      throw;
    }
    send_message(socket, acknowledgement(true));
  }
}

}  // namespace berth::runtime::criu
