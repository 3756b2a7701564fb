#include "base/trace.h"

#include <utility>

namespace berth {
namespace {

// The one mutable global that the house rules allow to the libraries.
TraceSink& sink() {
  static TraceSink instance;
  return instance;
}

}  // namespace

TraceSink set_trace_sink(TraceSink next) {
  return std::exchange(sink(), std::move(next));
}

bool tracing() noexcept {
  return static_cast<bool>(sink());
}

void trace(std::string_view line) {
  if (tracing()) sink()(line);
}

}  // namespace berth
