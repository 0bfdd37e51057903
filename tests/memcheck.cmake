# SPDX-License-Identifier: MIT
# A chosen set under valgrind: zero errors, zero leaks, and of threads no race. A Criterion test costs about a second
# there, so of the unit tests only those that allocate, parse or own things.
find_program(VALGRIND valgrind)
if(NOT VALGRIND OR SABOT_SANITIZE OR SABOT_COVERAGE)
  return()
endif()

function(sabot_valgrind name script)
  add_test(NAME memcheck/${name} COMMAND ${CMAKE_SOURCE_DIR}/ci/${script} ${ARGN})
  set_tests_properties(memcheck/${name} PROPERTIES LABELS memcheck TIMEOUT 240 ENVIRONMENT "${test_environment}")
endfunction()

function(sabot_memcheck name)
  sabot_valgrind(${name} memcheck ${ARGN})
endfunction()

function(ref_pair technique tool)
  list(JOIN ARGN "-" design)
  string(JOIN "-" name ref ${technique} ${design})
  if(NOT tool STREQUAL memcheck)
    set(name ${tool}-${name})
  endif()
  sabot_valgrind(${name} memcheck-pair $<TARGET_FILE:sabot-ref> ${tool} ${technique} ${ARGN})
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
  # The others: a server and two clients.
  foreach(technique IN ITEMS unix-dgram unix-seqpacket tcp udp posix-mq sysv-mq sysv-shm fifo memfd)
    ref_pair(${technique} memcheck)
  endforeach()
  foreach(design IN ITEMS iterative select poll epoll epoll-edge fork thread)
    ref_pair(unix-stream memcheck ${design})
  endforeach()
  foreach(design IN ITEMS semaphore mutex ring)
    ref_pair(posix-shm memcheck ${design})
  endforeach()
  foreach(technique IN ITEMS unix-stream unix-seqpacket tcp)
    ref_pair(${technique} helgrind thread)
  endforeach()
endif()

if(TARGET sabot)
  sabot_memcheck(sabot-check $<TARGET_FILE:sabot> check ${CMAKE_SOURCE_DIR}/scenarios)
  sabot_memcheck(sabot-list $<TARGET_FILE:sabot> list mistakes)
  sabot_memcheck(sabot-schema $<TARGET_FILE:sabot> schema)
endif()
