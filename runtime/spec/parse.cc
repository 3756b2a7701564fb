// The file as a whole: its syntax, and the properties at its top.
#include "runtime/spec/parse.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "runtime/spec/areas.h"
#include "runtime/spec/known.h"

namespace berth::runtime::spec {
namespace {

using nlohmann::json;

// Deeper than anything the specification has; what nests further is an attack on the parser.
constexpr size_t kDeepest = 32;

// Puts the values together as they are read, so that hostile nesting ends before memory does, and a
// property given twice, of which a JSON library silently takes one, is an error. (The library's own
// parser would copy each for a callback that may look at it.)
class Reader : public nlohmann::json_sax<json> {
 public:
  explicit Reader(const std::string& document) : document_(document) {}
  json result() && { return std::move(root_); }

  bool null() override { return take(nullptr); }
  bool boolean(bool value) override { return take(value); }
  bool number_integer(number_integer_t value) override { return take(value); }
  bool number_unsigned(number_unsigned_t value) override { return take(value); }
  bool number_float(number_float_t value, const string_t& /*text*/) override { return take(value); }
  bool string(string_t& value) override { return take(std::move(value)); }
  bool binary(binary_t& /*value*/) override { return false; }  // not in a text
  bool start_object(size_t /*size*/) override { return open(json::value_t::object); }
  bool start_array(size_t /*size*/) override { return open(json::value_t::array); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& name) override {
    check_depth();
    auto& object = open_.back()->get_ref<json::object_t&>();
    const auto [property, is_new] = object.try_emplace(std::move(name));
    if (!is_new) {
      throw Error(document_ + ": property " + in_quotes(property->first) +
                  " is given twice in one object");
    }
    property_ = &property->second;
    return true;
  }

  bool parse_error(size_t /*position*/, const std::string& /*token*/,
                   const json::exception& error) override {
    if (const auto* syntax = dynamic_cast<const json::parse_error*>(&error)) throw *syntax;
    throw Error(document_ + ": " + error.what());  // a number beyond every type
  }

 private:
  void check_depth() const {
    if (open_.size() > kDeepest) throw Error(document_ + ": nested deeper than 32 levels");
  }
  json& add(json value) {
    check_depth();
    if (open_.empty()) return root_ = std::move(value);
    if (open_.back()->is_object()) return *property_ = std::move(value);
    return open_.back()->get_ref<json::array_t&>().emplace_back(std::move(value));
  }
  template <class T>
  bool take(T&& value) {
    add(json(std::forward<T>(value)));
    return true;
  }
  bool open(json::value_t type) {
    json& opened = add(json(type));
    open_.push_back(&opened);
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }

  const std::string& document_;
  json root_;
  std::vector<json*> open_;   // from the top down
  json* property_ = nullptr;  // of the innermost object, whose value is next
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
  Reader reader(document);
  try {
    json::sax_parse(text, &reader);
  } catch (const json::parse_error& error) {
    fail_syntax(text, document, error);
  }
  return std::move(reader).result();
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
