# SPDX-License-Identifier: MIT
# Scenario files as tests: every folder of scenarios/ is run as a whole (the guarantees only checked: the matrix runs
# them). README.md shows the greeting server: it works, and a read of half a line must be found to break it.
if(NOT TARGET sabot)
  return()
endif()

file(GLOB folders CONFIGURE_DEPENDS LIST_DIRECTORIES true ${CMAKE_SOURCE_DIR}/scenarios/*)
foreach(folder IN LISTS folders)
  get_filename_component(name ${folder} NAME)
  file(GLOB_RECURSE files CONFIGURE_DEPENDS ${folder}/*.yaml)
  if(NOT files)
    continue()
  endif()
  set(subcommand run)
  if(name STREQUAL guarantees)
    set(subcommand check)
  endif()
  add_test(NAME scenarios/${name} COMMAND sabot ${subcommand} ${folder})
  set_tests_properties(scenarios/${name} PROPERTIES LABELS scenarios TIMEOUT 300 SKIP_RETURN_CODE 77
    ENVIRONMENT "${test_environment}")
endforeach()

add_test(NAME programs/greet COMMAND sabot run ${CMAKE_CURRENT_SOURCE_DIR}/programs/greet.yaml)
add_test(NAME programs/greet-short COMMAND sabot run ${CMAKE_CURRENT_SOURCE_DIR}/programs/greet-short.yaml)
set_tests_properties(programs/greet programs/greet-short PROPERTIES LABELS scenarios TIMEOUT 60
  ENVIRONMENT "${test_environment}")
set_tests_properties(programs/greet-short PROPERTIES PASS_REGULAR_EXPRESSION "greet_server\\.c:2[78]")
