# SPDX-License-Identifier: MIT
# Each ci/lint-NAME.sh is a test.
file(GLOB lints CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/ci/lint-*.sh)
foreach(lint IN LISTS lints)
  get_filename_component(name ${lint} NAME_WE)
  string(REPLACE lint- "" name ${name})
  add_test(NAME lint/${name} COMMAND ${lint})
  set_tests_properties(lint/${name} PROPERTIES LABELS lint TIMEOUT 60 WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
    SKIP_RETURN_CODE 77)
endforeach()
