// The file as a whole: its syntax, and the properties at its top.
#include "runtime/spec/parse.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>

#include "runtime/spec/areas.h"
#include "runtime/spec/known.h"

namespace berth::runtime::spec {
namespace {

using nlohmann::json;

// Deeper than anything the specification has; what nests further is an attack on the parser.
constexpr int kDeepest = 32;

// Sees each token as it is read, so that hostile nesting ends before memory does, and a property
// given twice, of which a JSON library silently takes one, is an error.
class SyntaxGuard {
 public:
  explicit SyntaxGuard(const std::string& document) : document_(document) {}
  bool operator()(int depth, json::parse_event_t event, json& value) {
    if (depth > kDeepest) throw Error(document_ + ": nested deeper than 32 levels");
    if (event == json::parse_event_t::object_start) objects_.emplace_back();
    if (event == json::parse_event_t::object_end) objects_.pop_back();
    if (event == json::parse_event_t::key) {
      const auto& name = value.get_ref<const std::string&>();
      if (!objects_.back().insert(name).second) {
        throw Error(document_ + ": property " + in_quotes(name) + " is given twice in one object");
      }
    }
    return true;
  }

 private:
  const std::string& document_;
  std::vector<std::set<std::string>> objects_;
};

[[noreturn]] void fail_syntax(std::string_view text, const std::string& document,
                              const json::parse_error& error) {
  const std::string_view before = text.substr(0, error.byte == 0 ? 0 : error.byte - 1);
  const auto line = 1 + std::ranges::count(before, '\n');
  const size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  std::string_view what = error.what();
  // The library's own `[json.exception...] parse error at line 1, column 2: ` goes.
  constexpr std::string_view kColumn = "column ";
  if (const size_t at = what.find(kColumn); at != std::string_view::npos) {
    what.remove_prefix(std::min(what.size(), what.find(": ", at) + 2));
  }
  throw Error(fmt::format("{}: line {}, column {}: {}", document, line,
                          before.size() - line_start + 1, what));
}

json parse_json(std::string_view text, const std::string& document) {
  SyntaxGuard guard(document);
  try {
    return json::parse(text, [&guard](int depth, json::parse_event_t event, json& value) {
      return guard(depth, event, value);
    });
  } catch (const json::parse_error& error) {
    fail_syntax(text, document, error);
  } catch (const json::exception& error) {  // a number beyond every type
    throw Error(document + ": " + error.what());
  }
}

std::string parse_version(const Node& node) {
  std::string version = node.string();
  std::string_view rest = version;
  const auto take_number = [&rest] {
    const size_t digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
    rest.remove_prefix(digits);
    return digits > 0;
  };
  const auto take_dot = [&rest] {
    const bool dot = rest.starts_with('.');
    if (dot) rest.remove_prefix(1);
    return dot;
  };
  const bool known = rest.starts_with("1.") && take_number() && take_dot() && take_number() &&
                     take_dot() && take_number() &&
                     (rest.empty() || rest[0] == '-' || rest[0] == '+');
  if (!known) node.fail_value("is not a version of the runtime specification, 1.x.y");
  return version;
}

// The kernel's limit (uname(2)).
std::string parse_host_name(const Node& top, std::string_view key) {
  constexpr size_t kLongest = 64;
  std::string name = top.string_or(key, "");
  if (name.size() > kLongest) top.at(key).fail_value("is longer than 64 bytes");
  return name;
}

std::map<std::string, std::string> parse_annotations(const Node& node) {
  auto annotations = node.string_map();
  if (annotations.contains("")) node.fail("has one without a name");
  return annotations;
}

Root parse_root(const Node& node) {
  const Node path = node.at("path");
  Root root;
  root.path = path.string();
  if (root.path.empty()) path.fail("is empty");
  root.readonly = node.boolean_or("readonly", false);
  return root;
}

Mount parse_mount(const Node& node) {
  const Node destination = node.at("destination");
  Mount mount;
  mount.destination = destination.string();
  if (mount.destination.empty()) destination.fail("is empty");
  mount.type = node.string_or("type", "");
  mount.source = node.string_or("source", "");
  mount.options = node.strings_or_none("options");
  mount.uid_mappings = parse_mappings(node, "uidMappings");
  mount.gid_mappings = parse_mappings(node, "gidMappings");
  // Files would show to the right users, and to the wrong groups.
  if (mount.uid_mappings.empty() != mount.gid_mappings.empty()) {
    node.fail("needs both uidMappings and gidMappings");
  }
  return mount;
}

std::vector<Hook> parse_hooks_of(const Node& hooks, std::string_view stage) {
  std::vector<Hook> list;
  const auto node = hooks.find(stage);
  if (!node) return list;
  for (const Node& element : node->elements()) {
    Hook hook;
    const Node path = element.at("path");
    hook.path = path.absolute_path();
    hook.args = element.strings_or_none("args");
    if (const auto env = element.find("env")) hook.env = parse_environment(*env);
    hook.timeout = element.integer_if<int>("timeout", 1);
    list.push_back(std::move(hook));
  }
  return list;
}

struct Stage {
  std::string_view name;
  std::vector<Hook> Hooks::*hooks;
};
constexpr auto kStages = std::to_array<Stage>({{"prestart", &Hooks::prestart},
                                               {"createRuntime", &Hooks::create_runtime},
                                               {"createContainer", &Hooks::create_container},
                                               {"startContainer", &Hooks::start_container},
                                               {"poststart", &Hooks::poststart},
                                               {"poststop", &Hooks::poststop}});

Hooks parse_hooks(const Node& node) {
  Hooks hooks;
  for (const Stage& stage : kStages) hooks.*stage.hooks = parse_hooks_of(node, stage.name);
  return hooks;
}

}  // namespace

std::vector<std::string> known_hooks() {
  return names_in(kStages);
}

Process parse_process_document(std::string_view text, const std::string& document,
                               std::vector<std::string>& warnings) {
  const json parsed = parse_json(text, document);
  return parse_process(Node(parsed, document), warnings);
}

Spec parse_spec(std::string_view text) {
  const json document = parse_json(text, "config.json");
  const Node top(document, "config.json");
  Spec spec;
  spec.oci_version = parse_version(top.at("ociVersion"));
  if (const auto process = top.find("process")) {
    spec.process = parse_process(*process, spec.warnings);
  }
  spec.root = parse_root(top.at("root"));
  spec.hostname = parse_host_name(top, "hostname");
  spec.domainname = parse_host_name(top, "domainname");
  if (const auto mounts = top.find("mounts")) {
    for (const Node& mount : mounts->elements()) spec.mounts.push_back(parse_mount(mount));
  }
  if (const auto annotations = top.find("annotations")) {
    spec.annotations = parse_annotations(*annotations);
  }
  if (const auto hooks = top.find("hooks")) spec.hooks = parse_hooks(*hooks);
  if (const auto linux_node = top.find("linux")) {
    spec.linux_ = parse_linux(*linux_node, spec.warnings);
  }
  refuse_contradictions(top, spec);
  return spec;
}

Resources parse_resources_document(std::string_view text, const std::string& document) {
  const json parsed = parse_json(text, document);
  return parse_resources(Node(parsed, document));
}

}  // namespace berth::runtime::spec
