#include "tests/runtime/spec/bad_config/bad_config.h"

namespace berth::test {
namespace {

// linux.resources.blockIO
const BadConfig kCases[] = {
    {R"({"linux": {"resources": {"blockIO": []}}})",
     "linux.resources.blockIO: expected an object, found an array"},
    {R"({"linux": {"resources": {"blockIO": {"weight": 9}}}})",
     "linux.resources.blockIO.weight: 9 is not between 10 and 1000"},
    {R"({"linux": {"resources": {"blockIO": {"weight": 1001}}}})",
     "linux.resources.blockIO.weight: 1001 is not between 0 and 1000"},
    {R"({"linux": {"resources": {"blockIO": {"weight": "500"}}}})",
     "linux.resources.blockIO.weight: expected a whole number, found a string"},
    {R"({"linux": {"resources": {"blockIO": {"weight": -1}}}})",
     "linux.resources.blockIO.weight: -1 is not between 0 and 1000"},
    {R"({"linux": {"resources": {"blockIO": {"leafWeight": 9}}}})",
     "linux.resources.blockIO.leafWeight: 9 is not between 10 and 1000"},
    {R"({"linux": {"resources": {"blockIO": {"leafWeight": 1001}}}})",
     "linux.resources.blockIO.leafWeight: 1001 is not between 0 and 1000"},
    {R"({"linux": {"resources": {"blockIO": {"leafWeight": "500"}}}})",
     "linux.resources.blockIO.leafWeight: expected a whole number, found a string"},
    {R"({"linux": {"resources": {"blockIO": {"leafWeight": -1}}}})",
     "linux.resources.blockIO.leafWeight: -1 is not between 0 and 1000"},
    {R"({"linux": {"resources": {"blockIO": {"weightDevice": {}}}}})",
     "linux.resources.blockIO.weightDevice: expected an array, found an object"},
    {R"({"linux": {"resources": {"blockIO": {"weightDevice": [{"major": 8, "minor": 0}]}}}})",
     "linux.resources.blockIO.weightDevice[0]: has neither a weight nor a leafWeight"},
    {R"({"linux": {"resources": {"blockIO": {"weightDevice": [{"minor": 0,
         "weight": 10}]}}}})",
     "linux.resources.blockIO.weightDevice[0].major: missing"},
    {R"({"linux": {"resources": {"blockIO": {"weightDevice": [{"major": 8,
         "weight": 10}]}}}})",
     "linux.resources.blockIO.weightDevice[0].minor: missing"},
    {R"({"linux": {"resources": {"blockIO": {"weightDevice": [{"major": 8, "minor": 0,
         "weight": 5}]}}}})",
     "linux.resources.blockIO.weightDevice[0].weight: 5 is not between 10 and 1000"},
    {R"({"linux": {"resources": {"blockIO": {"weightDevice": [{"major": 8, "minor": 0,
         "leafWeight": 5000}]}}}})",
     "linux.resources.blockIO.weightDevice[0].leafWeight: 5000 is not between 0 and 1000"},
    {R"({"linux": {"resources": {"blockIO": {"weightDevice": [{"major": 4096, "minor": 0,
         "weight": 10}]}}}})",
     "linux.resources.blockIO.weightDevice[0].major: 4096 is not between 0 and 4095"},
    {R"({"linux": {"resources": {"blockIO": {"throttleReadBpsDevice": {}}}}})",
     "linux.resources.blockIO.throttleReadBpsDevice: expected an array, found an object"},
    {R"({"linux": {"resources": {"blockIO": {"throttleReadBpsDevice": [{"minor": 0,
         "rate": 1}]}}}})",
     "linux.resources.blockIO.throttleReadBpsDevice[0].major: missing"},
    {R"({"linux": {"resources": {"blockIO": {"throttleReadBpsDevice": [{"major": 8}]}}}})",
     "linux.resources.blockIO.throttleReadBpsDevice[0].minor: missing"},
    {R"({"linux": {"resources": {"blockIO": {"throttleReadBpsDevice": [{"major": 8,
         "minor": 0, "rate": -1}]}}}})",
     "linux.resources.blockIO.throttleReadBpsDevice[0].rate: -1 is not between 0 and "
     "18446744073709551615"},
    {R"({"linux": {"resources": {"blockIO": {"throttleReadBpsDevice": [{"major": 8,
         "minor": 1048576, "rate": 1}]}}}})",
     "linux.resources.blockIO.throttleReadBpsDevice[0].minor: 1048576 is not between 0 and "
     "1048575"},
    {R"({"linux": {"resources": {"blockIO": {"throttleWriteBpsDevice": {}}}}})",
     "linux.resources.blockIO.throttleWriteBpsDevice: expected an array, found an object"},
    {R"({"linux": {"resources": {"blockIO": {"throttleWriteBpsDevice": [{"minor": 0,
         "rate": 1}]}}}})",
     "linux.resources.blockIO.throttleWriteBpsDevice[0].major: missing"},
    {R"({"linux": {"resources": {"blockIO": {"throttleWriteBpsDevice": [{"major": 8}]}}}})",
     "linux.resources.blockIO.throttleWriteBpsDevice[0].minor: missing"},
    {R"({"linux": {"resources": {"blockIO": {"throttleWriteBpsDevice": [{"major": 8,
         "minor": 0, "rate": -1}]}}}})",
     "linux.resources.blockIO.throttleWriteBpsDevice[0].rate: -1 is not between 0 and "
     "18446744073709551615"},
    {R"({"linux": {"resources": {"blockIO": {"throttleWriteBpsDevice": [{"major": 8,
         "minor": 1048576, "rate": 1}]}}}})",
     "linux.resources.blockIO.throttleWriteBpsDevice[0].minor: 1048576 is not between 0 and "
     "1048575"},
    {R"({"linux": {"resources": {"blockIO": {"throttleReadIOPSDevice": {}}}}})",
     "linux.resources.blockIO.throttleReadIOPSDevice: expected an array, found an object"},
    {R"({"linux": {"resources": {"blockIO": {"throttleReadIOPSDevice": [{"minor": 0,
         "rate": 1}]}}}})",
     "linux.resources.blockIO.throttleReadIOPSDevice[0].major: missing"},
    {R"({"linux": {"resources": {"blockIO": {"throttleReadIOPSDevice": [{"major": 8}]}}}})",
     "linux.resources.blockIO.throttleReadIOPSDevice[0].minor: missing"},
    {R"({"linux": {"resources": {"blockIO": {"throttleReadIOPSDevice": [{"major": 8,
         "minor": 0, "rate": -1}]}}}})",
     "linux.resources.blockIO.throttleReadIOPSDevice[0].rate: -1 is not between 0 and "
     "18446744073709551615"},
    {R"({"linux": {"resources": {"blockIO": {"throttleReadIOPSDevice": [{"major": 8,
         "minor": 1048576, "rate": 1}]}}}})",
     "linux.resources.blockIO.throttleReadIOPSDevice[0].minor: 1048576 is not between 0 and "
     "1048575"},
    {R"({"linux": {"resources": {"blockIO": {"throttleWriteIOPSDevice": {}}}}})",
     "linux.resources.blockIO.throttleWriteIOPSDevice: expected an array, found an object"},
    {R"({"linux": {"resources": {"blockIO": {"throttleWriteIOPSDevice": [{"minor": 0,
         "rate": 1}]}}}})",
     "linux.resources.blockIO.throttleWriteIOPSDevice[0].major: missing"},
    {R"({"linux": {"resources": {"blockIO": {"throttleWriteIOPSDevice": [{"major": 8}]}}}})",
     "linux.resources.blockIO.throttleWriteIOPSDevice[0].minor: missing"},
    {R"({"linux": {"resources": {"blockIO": {"throttleWriteIOPSDevice": [{"major": 8,
         "minor": 0, "rate": -1}]}}}})",
     "linux.resources.blockIO.throttleWriteIOPSDevice[0].rate: -1 is not between 0 and "
     "18446744073709551615"},
    {R"({"linux": {"resources": {"blockIO": {"throttleWriteIOPSDevice": [{"major": 8,
         "minor": 1048576, "rate": 1}]}}}})",
     "linux.resources.blockIO.throttleWriteIOPSDevice[0].minor: 1048576 is not between 0 and "
     "1048575"},
};

}  // namespace

std::span<const BadConfig> bad_block_io() {
  return kCases;
}

}  // namespace berth::test
