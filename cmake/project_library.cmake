# One folder, one target, one set of neighbours that it may see.
#
#   project_library(NAME async SOURCES a.cpp … TESTS a_test.cpp … DEPENDS base … LIBRARIES OpenSSL::SSL …)
#
# NAME is the folder's name and the first part of its includes (`#include "async/task.hpp"`). DEPENDS names other
# folders; LIBRARIES are packages. A folder's headers can be reached only through the target (a link to the folder in
# its own include root), so an include of a folder that is not in DEPENDS, directly or through another, does not build.
# NO_PRECOMPILED is for folders below Asio, which the precompiled header brings in. PRIVATE_LIBRARIES are packages that
# no other folder may include (Beast, yaml-cpp, …) through this one. PG_TESTS start a PostgreSQL of their own,
# REDIS_TESTS a Redis.

if(NOT TARGET sluice_precompiled)
  file(WRITE "${CMAKE_BINARY_DIR}/precompiled.cpp.in" "// carries the precompiled header\n")
  configure_file("${CMAKE_BINARY_DIR}/precompiled.cpp.in" "${CMAKE_BINARY_DIR}/precompiled.cpp" COPYONLY)
  add_library(sluice_precompiled STATIC "${CMAKE_BINARY_DIR}/precompiled.cpp")
  target_precompile_headers(sluice_precompiled PRIVATE "${CMAKE_SOURCE_DIR}/cmake/precompiled.hpp")
  target_link_libraries(sluice_precompiled PRIVATE sluice_compile_options)
endif()

function(project_library)
  cmake_parse_arguments(arg "NO_PRECOMPILED" "NAME"
    "SOURCES;TESTS;PG_TESTS;REDIS_TESTS;DEPENDS;LIBRARIES;PRIVATE_LIBRARIES;TEST_LIBRARIES" ${ARGN})
  set(include_root "${CMAKE_BINARY_DIR}/include/${arg_NAME}")
  file(MAKE_DIRECTORY "${include_root}")
  file(CREATE_LINK "${CMAKE_CURRENT_SOURCE_DIR}" "${include_root}/${arg_NAME}" SYMBOLIC)

  if(arg_SOURCES)
    add_library(${arg_NAME} STATIC ${arg_SOURCES})
    target_include_directories(${arg_NAME} PUBLIC "${include_root}")
    target_link_libraries(${arg_NAME}
      PUBLIC ${arg_DEPENDS} ${arg_LIBRARIES} sluice_compile_options PRIVATE ${arg_PRIVATE_LIBRARIES})
    if(NOT arg_NO_PRECOMPILED)
      target_precompile_headers(${arg_NAME} REUSE_FROM sluice_precompiled)
    endif()
  else()
    add_library(${arg_NAME} INTERFACE)
    target_include_directories(${arg_NAME} INTERFACE "${include_root}")
    target_link_libraries(${arg_NAME} INTERFACE ${arg_DEPENDS} ${arg_LIBRARIES} sluice_compile_options)
  endif()

  if(SLUICE_BUILD_TESTS AND arg_TESTS)
    add_executable(${arg_NAME}_test ${arg_TESTS})
    target_link_libraries(${arg_NAME}_test
      PRIVATE ${arg_NAME} ${arg_PRIVATE_LIBRARIES} ${arg_TEST_LIBRARIES} GTest::gtest_main GTest::gmock)
    if(NOT arg_NO_PRECOMPILED)
      target_precompile_headers(${arg_NAME}_test REUSE_FROM sluice_precompiled)
    endif()
    add_test(NAME ${arg_NAME}_test COMMAND ${arg_NAME}_test --gtest_brief=1)
    set_tests_properties(${arg_NAME}_test PROPERTIES TIMEOUT 120 LABELS unit)
  endif()
  foreach(engine pg redis)
    string(TOUPPER ${engine} kind)
    if(SLUICE_BUILD_TESTS AND arg_${kind}_TESTS)
      set(name ${arg_NAME}_${engine}test)
      add_executable(${name} ${arg_${kind}_TESTS})
      target_link_libraries(${name} PRIVATE ${arg_NAME} ${arg_TEST_LIBRARIES} GTest::gtest_main GTest::gmock)
      target_precompile_headers(${name} REUSE_FROM sluice_precompiled)
      add_test(NAME ${name} COMMAND ${name} --gtest_brief=1)
      set_tests_properties(${name} PROPERTIES TIMEOUT 120 LABELS unit)
    endif()
  endforeach()
endfunction()

# Runs tests that say nothing about the engine of the database a second time, on PostgreSQL.
function(tests_on_postgres)
  cmake_parse_arguments(arg "" "NAME;FILTER" "" ${ARGN})
  if(TARGET ${arg_NAME}_test)
    # Under a name of its own: a report is called after its executable, and the two may run at the same moment.
    set(named "$<TARGET_FILE_DIR:${arg_NAME}_test>/${arg_NAME}_test_on_postgres")
    add_custom_command(TARGET ${arg_NAME}_test POST_BUILD
      COMMAND "${CMAKE_COMMAND}" -E create_symlink $<TARGET_FILE_NAME:${arg_NAME}_test> "${named}")
    add_test(NAME ${arg_NAME}_test_on_postgres COMMAND "${named}" --gtest_brief=1 --gtest_filter=${arg_FILTER})
    set_tests_properties(${arg_NAME}_test_on_postgres PROPERTIES
      TIMEOUT 120 LABELS unit ENVIRONMENT SLUICE_TEST_DATABASE=postgresql)
  endif()
endfunction()

# What other services may see of a service: its face alone.
#
#   project_face(NAME agent HEADERS agent_service.hpp DEPENDS base async generation)   # → target agent_face
function(project_face)
  cmake_parse_arguments(arg "" "NAME" "HEADERS;DEPENDS" ${ARGN})
  set(include_root "${CMAKE_BINARY_DIR}/include/${arg_NAME}_face")
  file(MAKE_DIRECTORY "${include_root}/${arg_NAME}")
  foreach(header IN LISTS arg_HEADERS)
    file(CREATE_LINK "${CMAKE_CURRENT_SOURCE_DIR}/${header}" "${include_root}/${arg_NAME}/${header}" SYMBOLIC)
  endforeach()
  add_library(${arg_NAME}_face INTERFACE)
  target_include_directories(${arg_NAME}_face INTERFACE "${include_root}")
  target_link_libraries(${arg_NAME}_face INTERFACE ${arg_DEPENDS})
endfunction()
