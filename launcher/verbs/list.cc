#include <pwd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "launcher/log.h"
#include "launcher/verbs/container_of.h"
#include "launcher/verbs/runtime_verbs.h"

namespace berth::launcher {
namespace {

struct Row {
  runtime::Record record;
  runtime::Status status;
  std::string owner;
};

std::string name_of(uid_t user) {
  const passwd* const entry = ::getpwuid(user);
  return entry != nullptr ? entry->pw_name : "#" + std::to_string(user);
}

std::vector<Row> rows_of(const RuntimeOptions& runtime) {
  std::vector<Row> rows;
  const auto root = runtime::StateRoot::open_if_exists(runtime.root);
  if (!root && runtime.root_given) throw Error("open --root", runtime.root, ENOENT);
  if (!root) return rows;
  for (const std::string& id : root->ids()) {
    try {
      const runtime::Container container = runtime::Container::find(*root, id);
      rows.push_back({container.record(), container.status(), name_of(container.record().owner)});
    } catch (const Error& e) {
      // One that goes meanwhile, or a damaged record, hides none of the others.
      if (root->find_if_exists(id)) log(runtime, Level::warning, e.what());
    }
  }
  return rows;
}

int pid_of(const Row& row) {
  return row.status == runtime::Status::stopped ? 0 : row.record.pid;
}

// A column is three wider than what is in it, and never narrower than twelve, as other runtimes
// have it; the last one is as wide as it is.
void print_table(const std::vector<Row>& rows) {
  constexpr size_t kLeast = 12, kGap = 3;
  constexpr size_t kColumns = 6;
  std::vector<std::array<std::string, kColumns>> lines{
      {"ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"}};
  for (const Row& row : rows) {
    lines.push_back({row.record.id, std::to_string(pid_of(row)), to_string(row.status),
                     row.record.bundle, row.record.created, row.owner});
  }
  std::array<size_t, kColumns> widths{};
  for (const auto& line : lines) {
    for (size_t i = 0; i + 1 < kColumns; ++i) {
      widths[i] = std::max({widths[i], kLeast, line[i].size() + kGap});
    }
  }
  for (const auto& line : lines) {
    for (size_t i = 0; i < kColumns; ++i) {
      std::printf("%-*s", static_cast<int>(widths[i]), line[i].c_str());
    }
    std::printf("\n");
  }
}

void print_json(const std::vector<Row>& rows) {
  auto all = nlohmann::ordered_json::array();
  for (const Row& row : rows) {
    auto entry = nlohmann::ordered_json::parse(runtime::state_json(row.record, row.status));
    entry["owner"] = row.owner;
    all.push_back(std::move(entry));
  }
  std::printf("%s\n", all.dump().c_str());
}

}  // namespace

int list(const RuntimeOptions& runtime, const ListOptions& options) {
  const std::vector<Row> rows = rows_of(runtime);
  if (options.quiet) {
    for (const Row& row : rows) std::printf("%s\n", row.record.id.c_str());
  } else if (options.json) {
    print_json(rows);
  } else {
    print_table(rows);
  }
  return 0;
}

}  // namespace berth::launcher
