// What is recorded of a container as it begins. Private to this folder.
#pragma once

#include "runtime/container/cgroup_place.h"
#include "runtime/container/create_request.h"
#include "runtime/spec/spec.h"
#include "runtime/state/state.h"

namespace berth::runtime {

// All but its process.
Record new_record(const CreateRequest& request, const spec::Spec& spec, const CgroupPlace& place);

}  // namespace berth::runtime
