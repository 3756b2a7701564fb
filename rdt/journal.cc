#include "rdt/journal.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "rdt/ledger.h"

namespace berth::rdt {

namespace {

using Json = nlohmann::json;

constexpr std::pair<Journal::Change, const char*> kChanges[] = {
    {Journal::Change::take, "take"},
    {Journal::Change::release, "release"},
    {Journal::Change::restore, "restore"}};

void append(int fd, const std::string& line) {
  write_all(fd, line + "\n", Journal::kFile);
  check(::fdatasync(fd), "fdatasync", Journal::kFile);
}

}  // namespace

Journal::Journal(int state_dir, const Capability& capability, Change change,
                 const std::string& claim, const Layout& to, const std::vector<Step>& steps)
    : state_dir_(state_dir) {
  Json list = Json::array();
  for (const Step& step : steps) list.push_back(to_string(step));
  const auto* word = std::ranges::find(kChanges, change, &std::pair<Change, const char*>::first);
  const Json record = {{"change", word->second},
                       {"claim", claim},
                       {"steps", std::move(list)},
                       {"to", Json::parse(to_text(capability, to))}};
  file_ = open_file(state_dir, kFile, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_NOFOLLOW, 0644);
  append(file_.get(), record.dump(-1, ' ', false, Json::error_handler_t::replace));
}

void Journal::about_to(const Step& step) {
  append(file_.get(), to_string(step));
}

void Journal::done() {
  remove(state_dir_);
}

void Journal::remove(int state_dir) {
  if (::unlinkat(state_dir, kFile, 0) != 0 && errno != ENOENT) {
    throw Error("remove journal", kFile, errno);
  }
}

std::optional<Journal::Pending> Journal::read(int state_dir, const Capability& capability) {
  const auto text = read_file_if_exists(state_dir, kFile, size_t{16} << 20);
  if (!text) return std::nullopt;
  const size_t end = text->find('\n');
  if (end == std::string::npos) {
    remove(state_dir);
    return std::nullopt;
  }
  try {
    const Json record = Json::parse(text->substr(0, end));
    const auto word = record.at("change").get<std::string>();
    const auto* change = std::ranges::find(kChanges, word, &std::pair<Change, const char*>::second);
    if (change == std::end(kChanges)) throw std::out_of_range(word);
    return Pending{change->first, record.at("claim").get<std::string>(),
                   layout_from_text(record.at("to").dump(), capability), record.at("steps").size(),
                   static_cast<size_t>(
                       std::count(text->begin() + static_cast<long>(end) + 1, text->end(), '\n'))};
  } catch (const std::exception&) {
    throw Error(std::string("the journal '") + kFile + "' is damaged: it is not what berth writes");
  }
}

}  // namespace berth::rdt
