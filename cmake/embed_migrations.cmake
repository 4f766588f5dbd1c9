# embed_migrations(TARGET identity DIR migrations)
#
# Puts a component's schema into the executable: `extern const std::span<const store::migration> TARGET_migrations;` in
# namespace sluice::embedded, from the files DIR/0001_create_users.sql, 0002_….sql and so on without gaps. Like
# embed_file, so only what changed is assembled again.
function(embed_migrations)
  cmake_parse_arguments(arg "" "TARGET;DIR" "" ${ARGN})
  cmake_path(ABSOLUTE_PATH arg_DIR OUTPUT_VARIABLE directory)
  file(GLOB paths CONFIGURE_DEPENDS "${directory}/*.sql")
  list(SORT paths COMPARE NATURAL)
  set(number 0)
  set(texts "")
  set(steps "")
  set(symbol "sluice_migration_${arg_TARGET}")
  foreach(path IN LISTS paths)
    math(EXPR number "${number} + 1")
    cmake_path(GET path STEM name)
    if(NOT name MATCHES "^([0-9][0-9][0-9][0-9])_([a-z0-9_]+)$")
      message(FATAL_ERROR "${path}: a migration is named like 0001_create_users.sql")
    endif()
    set(words "${CMAKE_MATCH_2}")
    string(REGEX REPLACE "^0+" "" said "${CMAKE_MATCH_1}")
    if(NOT said EQUAL number)
      message(FATAL_ERROR "${path}: migration ${number} is expected here, numbers have no gaps")
    endif()
    string(APPEND texts "asm(R\"(\n  .section .rodata\n${symbol}_${number}_begin:\n  .incbin \"${path}\"\n"
      "${symbol}_${number}_end:\n  .byte 0\n  .previous\n)\");\n"
      "extern \"C\" const char ${symbol}_${number}_begin[];\nextern \"C\" const char ${symbol}_${number}_end[];\n")
    string(APPEND steps "    {${number}, \"${words}\", {${symbol}_${number}_begin,\n"
      "      static_cast<std::size_t>(${symbol}_${number}_end - ${symbol}_${number}_begin)}},\n")
  endforeach()
  if(number EQUAL 0)
    message(FATAL_ERROR "${directory}: no migrations")
  endif()
  set(generated "${CMAKE_CURRENT_BINARY_DIR}/embedded_${arg_TARGET}_migrations.cpp")
  file(CONFIGURE OUTPUT "${generated}" @ONLY CONTENT [=[
#include <span>

#include "store/database.hpp"

@texts@
namespace sluice::embedded {
namespace {
const store::migration steps[] = {
@steps@};
}  // namespace
extern const std::span<const store::migration> @arg_TARGET@_migrations;
const std::span<const store::migration> @arg_TARGET@_migrations(steps);
}  // namespace sluice::embedded
]=])
  set_source_files_properties("${generated}" PROPERTIES OBJECT_DEPENDS "${paths}" SKIP_PRECOMPILE_HEADERS ON)
  target_sources(${arg_TARGET} PRIVATE "${generated}")
endfunction()
