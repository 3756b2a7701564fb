// etc/policy.schema.json and the program's own reading of a policy are the same: what one allows
// the other does. Neither knows of the other, so each is asked about many policies: valid ones made
// from the schema, and each of these with one thing changed.
#include <fcntl.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "launcher/policy.h"
#include "tests/launcher/json_schema.h"

namespace berth::launcher {
namespace {

using Json = nlohmann::json;
using Place = Json::json_pointer;

const Json& schema_text() {
  static const Json text =
      Json::parse(read_file(AT_FDCWD, BERTH_SOURCE_DIR "/etc/policy.schema.json"));
  return text;
}

const test::JsonSchema& schema() {
  static const test::JsonSchema schema(schema_text());
  return schema;
}

// Empty, or what the program has against it.
std::string objection(const Json& policy) {
  try {
    (void)parse_policy(policy.dump(), "p");
    return {};
  } catch (const Error& e) {
    return e.message();
  }
}

// What no schema can say: how one part of a policy bears on another.
bool beyond_schema(const std::string& objection) {
  constexpr const char* kRelations[] = {"is not a class of the policy",
                                        "'class' is missing, and the rule has classes",
                                        "the shares of L",
                                        "code and data come to",
                                        " to take it from",
                                        " has no part of L",
                                        "it is more than partition",
                                        " is there twice"};
  return std::ranges::any_of(kRelations, [&](const char* relation) {
    return objection.find(relation) != std::string::npos;
  });
}

// Whether both say the same of it.
void compare(const Json& policy, const std::string& change) {
  const std::string why = objection(policy);
  const bool accepted = why.empty() || beyond_schema(why);
  EXPECT_EQ(schema().allows(policy), accepted)
      << change << ": " << policy.dump() << "\nthe program: " << (why.empty() ? "takes it" : why);
}

// Values that some key has, or has at its edge, and values that none has.
const std::vector<Json>& values() {
  static const std::vector<Json> values = [] {
    std::vector<Json> all{true,
                          false,
                          0,
                          1,
                          64,
                          65,
                          -1,
                          2147483647,
                          2147483648,
                          1.5,
                          Json::object(),
                          Json::array(),
                          Json::array({"50%"}),
                          Json::array({"50%", "60%"}),
                          Json::array({"50%", "8GBps"}),
                          Json::array({"8GBps", "50%", "1MBps"}),
                          Json::array({"50%", true}),
                          Json{{"all", "50%"}},
                          Json{{"0-1", "4w"}},
                          Json{{"unified", "4w"}},
                          Json{{"code", "4w"}},
                          Json{{"data", "4w"}},
                          Json{{"code", "2w"}, {"data", "4w"}},
                          Json{{"unified", "4w"}, {"0", "4w"}}};
    for (const char* text :
         {"",      "0%",    "1%",    "100%",   "101%",    "050%",    "50",     "50 %",  "50%%",
          "-1%",   "+1%",   "0w",    "1w",     "64w",     "65w",     "4W",     "4 w",   "4ways",
          "0B",    "1B",    "8kB",   "8KB",    "8MB",     "8MiB",    "8GiB",   "8mb",   "8TiB",
          "8M",    "8K",    "8G",    "8T",     "007",     "auto",    "0xf0",   "0-3",   "50-60%",
          "0MBps", "1MBps", "8GBps", "8MiBps", "8GiBps",  "8kBps",   "8GBpsx", "8Gbps", "rel/a",
          "/",     "/a b",  "a b",   "a\tb",   "\x7f",    "é",       "a/b",    "a@b",   "a.b-c_",
          "own",   "slurm", "off",   "Auto",   "summary", "network", "ipc",    "mount", "l3",
          "class", "l4"}) {
      all.emplace_back(text);
    }
    return all;
  }();
  return values;
}

const std::vector<std::string>& keys() {
  static const std::vector<std::string> keys{
      "all", "All", "0",   "0,2", "0-1,3",  "00", "",    "0,",   "0-",      "-1",
      "0 ",  "0x",  "a b", "a/b", "a.b-c_", "é",  "0\n", "code", "unified", "other"};
  return keys;
}

// Of an array the first element stands for all.
std::vector<Place> places_in(const Json& policy, const Place& here = Place()) {
  std::vector<Place> all{here};
  if (!policy.is_structured()) return all;
  for (const auto& [key, value] : policy.items()) {
    if (policy.is_array() && key != "0") break;
    for (Place& place : places_in(value, policy.is_array() ? here / std::stoul(key) : here / key)) {
      all.push_back(std::move(place));
    }
  }
  return all;
}

std::string keys_of(const Json& value) {
  std::string keys;
  for (const auto& [key, inner] : value.items()) keys += " " + key;
  return keys;
}

// Each place once for each set of keys that the object at it, or the one that it is a key of, has
// in some sample.
std::vector<std::pair<Json, Place>> samples_and_places(bool objects) {
  std::vector<std::pair<Json, Place>> all;
  std::set<std::string> seen;
  for (const Json& sample : schema().samples()) {
    for (const Place& place : places_in(sample)) {
      if (objects && !sample.at(place).is_object()) continue;
      const Json& object = sample.at(objects ? place : place.parent_pointer());
      std::string what = place.to_string();
      if (object.is_object()) what += keys_of(object);
      if (seen.insert(what).second) all.emplace_back(sample, place);
    }
  }
  return all;
}

// `a, b, c`
std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> words;
  std::istringstream rest(list);
  for (std::string word; std::getline(rest, word, ',');) {
    words.push_back(word.substr(word.find_first_not_of(' ')));
  }
  return words;
}

TEST(PolicySchema, EveryKeyAndEveryChoiceOfTheSchemaIsTaken) {
  for (const Json& sample : schema().samples()) {
    ASSERT_TRUE(schema().allows(sample)) << sample;
    const std::string why = objection(sample);
    EXPECT_TRUE(why.empty() || beyond_schema(why)) << why << "\n" << sample;
  }
  EXPECT_EQ(objection(schema().samples()[0]), "");
}

TEST(PolicySchema, EveryKeyOfTheProgramIsInTheSchema) {
  auto unseen = schema().all_key_sets();
  for (auto& [policy, place] : samples_and_places(true)) {
    policy.at(place)["no such key"] = true;
    const std::string why = objection(policy);
    constexpr std::string_view kAllowed = "no such key: unknown key; allowed are ";
    const size_t list = why.find(kAllowed);
    if (list == std::string::npos) {
      EXPECT_NE(why, "");  // a name of the admin's own is what is wrong
      continue;
    }
    const std::vector<std::string> words = split(why.substr(list + kAllowed.size()));
    const std::set<std::string> keys(words.begin(), words.end());
    EXPECT_EQ(keys, schema().keys_at(place)) << place;
    unseen.erase(keys);
  }
  EXPECT_EQ(unseen, std::set<std::set<std::string>>{}) << "objects that no sample has";
}

// The string with a little too much or too little, and the words that the program says it takes.
std::vector<Json> near_to(const Json& policy, const Place& place) {
  std::vector<Json> near;
  const Json& value = policy.at(place);
  if (!value.is_string()) return near;
  const auto text = value.get<std::string>();
  for (const std::string& other : {text + "x", "x" + text, text + " ", " " + text, text + text,
                                   "0" + text, text.substr(1), text.substr(0, text.size() - 1)}) {
    near.emplace_back(other);
  }
  Json wrong = policy;
  wrong.at(place) = "no such word";
  const std::string why = objection(wrong);
  constexpr std::string_view kAllowed = " is not one of ";
  const size_t list = why.find(kAllowed);
  if (list == std::string::npos) return near;
  for (const std::string& word : split(why.substr(list + kAllowed.size()))) near.emplace_back(word);
  return near;
}

TEST(PolicySchema, ValuesAreTakenAndRefusedAlike) {
  for (const auto& [sample, place] : samples_and_places(false)) {
    if (place.empty()) continue;
    std::vector<Json> tried = values();
    for (Json& value : near_to(sample, place)) tried.push_back(std::move(value));
    for (const Json& value : tried) {
      Json policy = sample;
      policy.at(place) = value;
      compare(policy, place.to_string() + " = " + value.dump());
    }
  }
}

TEST(PolicySchema, AbsentAndRenamedKeysAreTakenAndRefusedAlike) {
  for (const auto& [sample, place] : samples_and_places(true)) {
    const Json& object = sample.at(place);
    for (const auto& [key, value] : object.items()) {
      Json without = sample;
      without.at(place).erase(key);
      compare(without, place.to_string() + " without " + key);
      for (const std::string& name : keys()) {
        Json renamed = without;
        renamed.at(place)[name] = value;
        compare(renamed, place.to_string() + "/" + key + " as '" + name + "'");
      }
    }
  }
}

// What the program has where a key is absent, the schema names as the default.
void expect_defaults(const Json& part, const Json& effective, const std::string& place) {
  if (!part.contains("properties")) {
    EXPECT_EQ(part.value("default", Json("none")), effective) << place;
    return;
  }
  for (const auto& [key, inner] : part["properties"].items()) {
    const std::string here = place + "/" + key;
    EXPECT_TRUE(effective.contains(key) || !inner.contains("default")) << here;
    if (!effective.contains(key)) continue;
    const bool reference = inner.contains("$ref");
    expect_defaults(
        reference ? schema_text().at(Place(inner["$ref"].get<std::string>().substr(1))) : inner,
        effective[key], here);
  }
}

TEST(PolicySchema, DefaultsAreTheProgramsOwn) {
  const Json effective = Json::parse(to_json(Policy{}));
  EXPECT_TRUE(schema().allows(effective)) << effective;
  expect_defaults(schema_text(), effective, "");
  const Json least = Json::parse(
      to_json(parse_policy(R"({"binds": [{"source": "/a"}], "rdt": {"rules": [{}]}})", "p")));
  EXPECT_TRUE(schema().allows(least)) << least;
  Json bind = least["binds"][0], rule = least["rdt"]["rules"][0];
  bind.erase("source");
  bind.erase("destination");  // the source's
  rule.erase("allow");        // everything
  expect_defaults(schema_text()["properties"]["binds"]["items"], bind, "/binds/0");
  expect_defaults(schema_text()["$defs"]["rule"], rule, "/rdt/rules/0");
}

TEST(PolicySchema, TheFileThatIsInstalledIsTheDefaultPolicy) {
  const std::string text = read_file(AT_FDCWD, BERTH_SOURCE_DIR "/etc/policy.json");
  EXPECT_EQ(parse_policy(text, "etc/policy.json"), Policy{});
  EXPECT_TRUE(schema().allows(Json::parse(text, nullptr, true, true)));
}

}  // namespace
}  // namespace berth::launcher
