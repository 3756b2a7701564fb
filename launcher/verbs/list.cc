#include <pwd.h>

#include <algorithm>
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

void print_table(const std::vector<Row>& rows) {
  size_t id = 2, bundle = 6;
  for (const Row& row : rows) {
    id = std::max(id, row.record.id.size());
    bundle = std::max(bundle, row.record.bundle.size());
  }
  const auto line = [&](const char* i, const char* p, const char* s, const char* b, const char* c,
                        const char* o) {
    std::printf("%-*s   %-9s   %-8s   %-*s   %-30s   %s\n", static_cast<int>(id), i, p, s,
                static_cast<int>(bundle), b, c, o);
  };
  line("ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER");
  for (const Row& row : rows) {
    line(row.record.id.c_str(), std::to_string(pid_of(row)).c_str(), to_string(row.status),
         row.record.bundle.c_str(), row.record.created.c_str(), row.owner.c_str());
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
