# SPDX-License-Identifier: MIT
# A chosen set under valgrind: zero errors, zero leaks. A Criterion test costs about a second there, so of the unit
# tests only those that allocate, parse or own things.
find_program(VALGRIND valgrind)
if(NOT VALGRIND OR SABOT_SANITIZE OR SABOT_COVERAGE)
  return()
endif()

function(sabot_memcheck name)
  add_test(NAME memcheck/${name} COMMAND ${CMAKE_SOURCE_DIR}/ci/memcheck ${ARGN})
  set_tests_properties(memcheck/${name} PROPERTIES LABELS memcheck TIMEOUT 240 ENVIRONMENT "${test_environment}")
endfunction()

foreach(name IN ITEMS str arena history history_file load_files load_matrix check report_site report_trace)
  if(TARGET test-unit-${name})
    sabot_memcheck(unit-${name} $<TARGET_FILE:test-unit-${name}>)
  endif()
endforeach()

# The techniques whose server starts its clients: one program shows both sides.
if(TARGET sabot-ref)
  foreach(technique IN ITEMS socketpair pipe signal rt-signal eventfd)
    sabot_memcheck(ref-${technique} $<TARGET_FILE:sabot-ref> ${technique} server --messages 20 --clients 2)
  endforeach()
endif()

if(TARGET sabot)
  sabot_memcheck(sabot-check $<TARGET_FILE:sabot> check ${CMAKE_SOURCE_DIR}/scenarios)
  sabot_memcheck(sabot-list $<TARGET_FILE:sabot> list mistakes)
  sabot_memcheck(sabot-schema $<TARGET_FILE:sabot> schema)
endif()
