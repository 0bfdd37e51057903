# SPDX-License-Identifier: MIT
# tests/programs/NAME.yaml is a scenario of the programs beside it which README.md shows: it must be found broken.
if(TARGET sabot)
  add_test(NAME programs/greet COMMAND sabot run ${CMAKE_CURRENT_SOURCE_DIR}/programs/greet.yaml)
  set_tests_properties(programs/greet PROPERTIES LABELS programs TIMEOUT 60 ENVIRONMENT "${test_environment}"
    PASS_REGULAR_EXPRESSION "greet_server\\.c:2[78]")
endif()
