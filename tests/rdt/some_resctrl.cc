#include "tests/rdt/some_resctrl.h"

#include <fcntl.h>

#include "base/file.h"
#include "tests/support/resctrl/processor.h"

namespace berth::rdt {

namespace {

// Monitoring ids come back once a second: a test that makes hundreds of groups does not wait.
test::resctrl::Processor processor_of_tests() {
  test::resctrl::Processor processor = test::resctrl::skylake();
  processor.monitor->rmids = 4096;
  return processor;
}

}  // namespace

SomeResctrl::SomeResctrl() : resctrl_(Resctrl::open()), state_(open_dir(AT_FDCWD, folder_.path())) {
  if (resctrl_) return;
  emulated_ = std::make_unique<test::resctrl::Mount>(processor_of_tests());
  resctrl_.emplace(emulated_->root());
}

}  // namespace berth::rdt
