# berth_library(FOLDER SOURCES ... DEPENDS ...): folder = namespace = target = include prefix.
function(berth_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;PRIVATE" ${ARGN})
  add_library(berth_${name} STATIC ${ARG_SOURCES})
  target_include_directories(berth_${name} PUBLIC ${PROJECT_SOURCE_DIR})
  target_link_libraries(berth_${name} PUBLIC ${ARG_DEPENDS} PRIVATE ${ARG_PRIVATE})
endfunction()

# berth_test(NAME SOURCES ... LINK ... [LABELS ...] [SERIAL] [LOCK NAME]): one GoogleTest program, one
# ctest entry for each case. Those with the same LOCK never run at once.
function(berth_test name)
  cmake_parse_arguments(ARG "SERIAL" "TIMEOUT;LOCK" "SOURCES;LINK;LABELS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LINK} GTest::gmock GTest::gtest GTest::gtest_main)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_compile_definitions(${name} PRIVATE BERTH_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
                                             BERTH_BINARY_DIR="${PROJECT_BINARY_DIR}")
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  set(properties TIMEOUT ${ARG_TIMEOUT})
  if(ARG_LABELS)
    list(APPEND properties LABELS "${ARG_LABELS}")
  endif()
  if(ARG_SERIAL)
    list(APPEND properties RUN_SERIAL ON)
  endif()
  if(ARG_LOCK)
    list(APPEND properties RESOURCE_LOCK ${ARG_LOCK})
  endif()
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 PROPERTIES ${properties})
endfunction()

# berth_whole_test(NAME PROGRAM [TIMEOUT S] [LABELS ...] [LOCK NAME]): one ctest entry for all cases of a
# GoogleTest program, where they share what is dear to set up. A case that skips makes the entry a
# skipped one, unless another fails: to ctest a skip outweighs a failure, so the pattern is the end
# of what a program prints that skipped and did not fail.
function(berth_whole_test name program)
  cmake_parse_arguments(ARG "" "TIMEOUT;LOCK" "LABELS" ${ARGN})
  add_test(NAME ${name} COMMAND ${program})
  set_tests_properties(${name} PROPERTIES SKIP_REGULAR_EXPRESSION "\n\\[  SKIPPED \\] [^ \n]+\n$")
  foreach(property TIMEOUT LABELS)
    if(ARG_${property})
      set_tests_properties(${name} PROPERTIES ${property} "${ARG_${property}}")
    endif()
  endforeach()
  if(ARG_LOCK)
    set_tests_properties(${name} PROPERTIES RESOURCE_LOCK ${ARG_LOCK})
  endif()
endfunction()

# berth_own_cxx_runtime(TARGET): links libstdc++ into it. A start resolves a third fewer symbols, and
# slurmstepd, srun and sbatch load no C++ runtime because of the plugin.
function(berth_own_cxx_runtime target)
  target_link_options(${target} PRIVATE -Wl,--exclude-libs,ALL)  # static libraries' symbols stay inside
  if(NOT BERTH_SANITIZE)
    target_link_options(${target} PRIVATE -static-libstdc++ -static-libgcc)
  endif()
endfunction()
