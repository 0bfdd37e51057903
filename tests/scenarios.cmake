# SPDX-License-Identifier: MIT
# Scenario files as tests: every folder of scenarios/ is run as a whole (the guarantees only checked: the matrix runs
# them; so are those of programs that are not ours, which run where their programs are). README.md shows the greeting server: it works, and a read of half a line must be found to break it.
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
  if(name STREQUAL "guarantees" OR name STREQUAL "programs")
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

# Programs that are not ours, where they are installed (ci/install --programs): run, and explored for a while. Findings
# are findings about them; that the harness itself is whole (exit code 0 or 1) is what is tested. AS_ROOT: it drops the
# groups of who starts it, which nobody else may.
function(sabot_foreign name)
  cmake_parse_arguments(needs AS_ROOT "" "" ${ARGN})
  set(file ${CMAKE_SOURCE_DIR}/scenarios/programs/${name}.yaml)
  list(JOIN needs_UNPARSED_ARGUMENTS " " programs)
  string(CONCAT there "PATH=$PATH:/usr/sbin; for p in ${programs}; do command -v $p >/dev/null || "
    "{ echo $p is not installed: ci/install --programs; exit 77; }; done")
  if(needs_AS_ROOT)
    string(APPEND there "; [ `id -u` = 0 ] || { echo ${name} has to be run as root; exit 77; }")
  endif()
  add_test(NAME programs/${name} COMMAND sh -c "${there}; exec $<TARGET_FILE:sabot> run ${file} --repeat 3")
  add_test(NAME programs/${name}-explored COMMAND sh -c
    "${there}; $<TARGET_FILE:sabot> explore ${file} --budget 5s -o ${CMAKE_BINARY_DIR}/findings-${name}; test $? -le 1")
  set_tests_properties(programs/${name} programs/${name}-explored PROPERTIES LABELS programs TIMEOUT 120
    SKIP_RETURN_CODE 77 ENVIRONMENT "${test_environment}")
endfunction()

sabot_foreign(socat socat)
sabot_foreign(redis redis-server redis-cli)
sabot_foreign(memcached memcached)
sabot_foreign(nc nc.openbsd)
sabot_foreign(dbus dbus-daemon dbus-send)
sabot_foreign(beanstalkd beanstalkd)
sabot_foreign(rsync rsync)
sabot_foreign(tftp AS_ROOT in.tftpd tftp)
sabot_foreign(make make)
sabot_foreign(nginx nginx curl)
sabot_foreign(mosquitto mosquitto mosquitto_pub mosquitto_sub)
sabot_foreign(ssh-agent ssh-agent ssh-add ssh-keygen)
