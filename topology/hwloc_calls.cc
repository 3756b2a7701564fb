// hwloc's functions under their own names, each found in the library when it is first called: a
// container's start does not look at the machine, and would load three libraries for nothing. In
// the plugin they are hidden, as all that is not SPANK's: Slurm has its own.
#include <hwloc.h>

#include "base/shared_library.h"

namespace {

// The library of the headers' binary interface: its number changes with it (hwloc 2 has 15).
template <class Function>
Function library(Function /*of_type*/, const char* name) {
  static const berth::SharedLibrary hwloc("libhwloc.so.15", "the machine's topology");
  return hwloc.find<Function>(name);
}

}  // namespace

#define BERTH_HWLOC(name) library(&(name), #name)

extern "C" {

unsigned hwloc_get_api_version() {
  return BERTH_HWLOC(hwloc_get_api_version)();
}

int hwloc_topology_init(hwloc_topology_t* topology) {
  return BERTH_HWLOC(hwloc_topology_init)(topology);
}
void hwloc_topology_destroy(hwloc_topology_t topology) {
  BERTH_HWLOC(hwloc_topology_destroy)(topology);
}
int hwloc_topology_load(hwloc_topology_t topology) {
  return BERTH_HWLOC(hwloc_topology_load)(topology);
}
int hwloc_topology_set_flags(hwloc_topology_t topology, unsigned long flags) {
  return BERTH_HWLOC(hwloc_topology_set_flags)(topology, flags);
}
int hwloc_topology_set_cache_types_filter(hwloc_topology_t topology, hwloc_type_filter_e filter) {
  return BERTH_HWLOC(hwloc_topology_set_cache_types_filter)(topology, filter);
}
int hwloc_topology_set_components(hwloc_topology_t topology, unsigned long flags,
                                  const char* name) {
  return BERTH_HWLOC(hwloc_topology_set_components)(topology, flags, name);
}
int hwloc_topology_set_xml(hwloc_topology_t topology, const char* path) {
  return BERTH_HWLOC(hwloc_topology_set_xml)(topology, path);
}
int hwloc_topology_set_synthetic(hwloc_topology_t topology, const char* description) {
  return BERTH_HWLOC(hwloc_topology_set_synthetic)(topology, description);
}
int hwloc_topology_is_thissystem(hwloc_topology_t topology) {
  return BERTH_HWLOC(hwloc_topology_is_thissystem)(topology);
}
int hwloc_topology_export_xmlbuffer(hwloc_topology_t topology, char** xml, int* length,
                                    unsigned long flags) {
  return BERTH_HWLOC(hwloc_topology_export_xmlbuffer)(topology, xml, length, flags);
}
void hwloc_free_xmlbuffer(hwloc_topology_t topology, char* xml) {
  BERTH_HWLOC(hwloc_free_xmlbuffer)(topology, xml);
}

hwloc_const_cpuset_t hwloc_topology_get_topology_cpuset(hwloc_topology_t topology) {
  return BERTH_HWLOC(hwloc_topology_get_topology_cpuset)(topology);
}
int hwloc_get_type_depth(hwloc_topology_t topology, hwloc_obj_type_t type) {
  return BERTH_HWLOC(hwloc_get_type_depth)(topology, type);
}
unsigned hwloc_get_nbobjs_by_depth(hwloc_topology_t topology, int depth) {
  return BERTH_HWLOC(hwloc_get_nbobjs_by_depth)(topology, depth);
}
hwloc_obj_t hwloc_get_obj_by_depth(hwloc_topology_t topology, int depth, unsigned index) {
  return BERTH_HWLOC(hwloc_get_obj_by_depth)(topology, depth, index);
}
int hwloc_bitmap_first(hwloc_const_bitmap_t bitmap) {
  return BERTH_HWLOC(hwloc_bitmap_first)(bitmap);
}
int hwloc_bitmap_next(hwloc_const_bitmap_t bitmap, int before) {
  return BERTH_HWLOC(hwloc_bitmap_next)(bitmap, before);
}

}  // extern "C"
