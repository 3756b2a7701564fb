#include "tests/runtime/spec/bad_config/bad_config.h"

namespace berth::test {
namespace {

// ociVersion, root, mounts, names, annotations
const BadConfig kCases[] = {
    {R"({"mounts": [{"destination": "/a", "uidMappings":
         [{"containerID": 0, "hostID": 1, "size": 1}]}]})",
     "mounts[0]: needs both uidMappings and gidMappings"},
    {R"({"ociVersion": null})", "ociVersion: missing"},
    {R"({"ociVersion": 1})", "ociVersion: expected a string, found a number"},
    {R"({"ociVersion": "2.0.0"})",
     "ociVersion: '2.0.0' is not a version of the runtime specification, 1.x.y"},
    {R"({"ociVersion": "1.x"})",
     "ociVersion: '1.x' is not a version of the runtime specification, 1.x.y"},
    {R"({"ociVersion": "1.0"})",
     "ociVersion: '1.0' is not a version of the runtime specification, 1.x.y"},
    {R"({"ociVersion": "1.0.x"})",
     "ociVersion: '1.0.x' is not a version of the runtime specification, 1.x.y"},
    {R"({"ociVersion": "1..2"})",
     "ociVersion: '1..2' is not a version of the runtime specification, 1.x.y"},
    {R"({"ociVersion": "1.2.0.1"})",
     "ociVersion: '1.2.0.1' is not a version of the runtime specification, 1.x.y"},
    {R"({"ociVersion": "v1.0.0"})",
     "ociVersion: 'v1.0.0' is not a version of the runtime specification, 1.x.y"},
    {R"({"ociVersion": ""})",
     "ociVersion: '' is not a version of the runtime specification, 1.x.y"},
    {R"({"root": null})", "root: missing"},
    {R"({"root": []})", "root: expected an object, found an array"},
    {R"({"root": {"path": null}})", "root.path: missing"},
    {R"({"root": {"path": ""}})", "root.path: is empty"},
    {R"({"root": {"path": 3}})", "root.path: expected a string, found a number"},
    {R"({"hostname": 3})", "hostname: expected a string, found a number"},
    {R"({"domainname": 3})", "domainname: expected a string, found a number"},
    {R"({"annotations": {"a": 3}})", "annotations.a: expected a string, found a number"},
    {R"({"root": {"readonly": "yes"}})", "root.readonly: expected a boolean, found a string"},
    {R"({"root": {"path": "a\u0000b"}})", "root.path: 'a\\x00b' contains a NUL character"},
    {R"({"mounts": {}})", "mounts: expected an array, found an object"},
    {R"({"mounts": ["proc"]})", "mounts[0]: expected an object, found a string"},
    {R"({"mounts": [{"type": "proc"}]})", "mounts[0].destination: missing"},
    {R"({"mounts": [{"destination": ""}]})", "mounts[0].destination: is empty"},
    {R"({"mounts": [{"destination": 3}]})",
     "mounts[0].destination: expected a string, found a number"},
    {R"({"mounts": [{"destination": "/a", "type": 3}]})",
     "mounts[0].type: expected a string, found a number"},
    {R"({"mounts": [{"destination": "/a", "source": 3}]})",
     "mounts[0].source: expected a string, found a number"},
    {R"({"mounts": [{"destination": "/a", "options": "ro"}]})",
     "mounts[0].options: expected an array of strings, found a string"},
    {R"({"mounts": [{"destination": "/a"}, {"destination": "/b", "options": ["ro", 3]}]})",
     "mounts[1].options[1]: expected a string, found a number"},
    {R"({"mounts": [{"destination": "/a", "source": "x\u0000"}]})",
     "mounts[0].source: 'x\\x00' contains a NUL character"},
    {R"({"annotations": []})", "annotations: expected an object, found an array"},
    {R"({"annotations": {"": "x"}})", "annotations: has one without a name"},
    {R"({"annotations": {"a\u0000": "x"}})",
     "annotations.a\\x00: the name contains a NUL character"},
    {R"({"hostname": "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"})",
     "hostname: 'nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn' is longer than "
     "64 bytes"},
    {R"({"linux": {"namespaces": [{"type": "mount"}]}, "hostname": "n1"})",
     "hostname: 'n1' needs a namespace of type 'uts'"},
    {R"({"domainname": "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"})",
     "domainname: 'nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn' is longer "
     "than 64 bytes"},
    {R"({"linux": {"namespaces": [{"type": "mount"}]}, "domainname": "n1"})",
     "domainname: 'n1' needs a namespace of type 'uts'"},
    {R"({"linux": {"sysctl": {"kernel.domainname": "b"}}, "domainname": "a"})",
     "domainname: 'a' conflicts with linux.sysctl.kernel.domainname, which is 'b'"},
    {R"({"linux": []})", "linux: expected an object, found an array"},
    {R"({"process": []})", "process: expected an object, found an array"},
    {R"({"hooks": []})", "hooks: expected an object, found an array"},
};

}  // namespace

std::span<const BadConfig> bad_top() {
  return kCases;
}

}  // namespace berth::test
