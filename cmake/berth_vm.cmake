# Tests that run in the guest of tests/vm: label vm, one boot for each ctest entry, skipped (77) where the guest
# cannot be had. Any CMakeLists.txt may include(${PROJECT_SOURCE_DIR}/cmake/berth_vm.cmake).
include_guard(GLOBAL)

# berth_vm_program(NAME SOURCES ... LINK ...): a GoogleTest program for the guest alone, without entries for the host.
function(berth_vm_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LINK} GTest::gmock GTest::gtest GTest::gtest_main)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_compile_definitions(${name} PRIVATE BERTH_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
                                             BERTH_BINARY_DIR="${PROJECT_BINARY_DIR}")
endfunction()

# What all entries that boot the guest have in common.
function(berth_vm_properties name timeout)
  set_tests_properties(${name} PROPERTIES LABELS vm RESOURCE_LOCK vm PROCESSORS 2 SKIP_RETURN_CODE 77
                                          TIMEOUT ${timeout})
  if(NOT name STREQUAL vm_prepare)
    set_tests_properties(${name} PROPERTIES FIXTURES_REQUIRED vm)
  endif()
endfunction()

# berth_vm_suite(NAME PROGRAMS a b ... [ALLOWED_SKIPS REGEX ...] [MACHINE OPTION ...] [TIMEOUT S] [JOBS N]): targets or
# scripts in one boot, one after another or N at a time; "a --flag" passes arguments. Fails if one fails, runs no test,
# leaves a mount or an RDT group behind, or skips a test whose "Suite.Test: message" matches no REGEX. MACHINE: options
# of `vm`.
function(berth_vm_suite name)
  cmake_parse_arguments(ARG "" "TIMEOUT;JOBS" "PROGRAMS;ALLOWED_SKIPS;MACHINE" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 600)
  endif()
  # Time-outs come from the innermost: it says best what went wrong. A program may have nearly all of the suite's.
  math(EXPR each "${ARG_TIMEOUT} - 120")
  set(suite ${PROJECT_SOURCE_DIR}/tests/vm/suite --each ${each})
  if(ARG_JOBS)
    list(APPEND suite --jobs ${ARG_JOBS})
  endif()
  foreach(regex IN LISTS ARG_ALLOWED_SKIPS)
    list(APPEND suite --allow-skip ${regex})
  endforeach()
  foreach(words IN LISTS ARG_PROGRAMS)
    separate_arguments(words UNIX_COMMAND "${words}")
    list(POP_FRONT words program)
    if(TARGET ${program})
      set(program $<TARGET_FILE:${program}>)
    else()
      get_filename_component(program ${program} ABSOLUTE)
    endif()
    list(JOIN words "' '" arguments)
    if(words)
      string(PREPEND arguments " '")
      string(APPEND arguments "'")
    endif()
    list(APPEND suite "'${program}'${arguments}")
  endforeach()
  math(EXPR inside "${ARG_TIMEOUT} - 60")
  add_test(NAME ${name} COMMAND ${PROJECT_SOURCE_DIR}/tests/vm/vm --timeout ${inside} ${ARG_MACHINE} -- ${suite})
  math(EXPR outside "${ARG_TIMEOUT} + 180")
  berth_vm_properties(${name} ${outside})
endfunction()

# berth_vm_test(NAME PROGRAM [ARGUMENT ...]): a suite of one.
function(berth_vm_test name program)
  list(JOIN ARGN "' '" arguments)
  if(ARGN)
    string(PREPEND arguments " '")
    string(APPEND arguments "'")
  endif()
  berth_vm_suite(${name} PROGRAMS "'${program}'${arguments}")
endfunction()
