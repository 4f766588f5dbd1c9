# embed_web(TARGET gateway)
#
# Builds web/ with npm and puts the pages into the executable (web/embed.ts writes the table, web_files.hpp declares
# it). Built again when a source of web/ or of the client that it uses has changed. SLUICE_WEB=OFF leaves the table
# empty: for builds where nobody looks at pages, or without npm.
option(SLUICE_WEB "Build the pages (needs npm) and embed them" ON)

function(embed_web)
  cmake_parse_arguments(arg "" "TARGET" "" ${ARGN})
  set(folder "${CMAKE_CURRENT_BINARY_DIR}/web")
  if(SLUICE_WEB)
    file(MAKE_DIRECTORY "${folder}")
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS
      "${CMAKE_SOURCE_DIR}/web/src/*" "${CMAKE_SOURCE_DIR}/web/public/*" "${CMAKE_SOURCE_DIR}/sdk/typescript/src/*")
    file(GLOB settings CONFIGURE_DEPENDS
      "${CMAKE_SOURCE_DIR}/web/*.json" "${CMAKE_SOURCE_DIR}/web/*.ts" "${CMAKE_SOURCE_DIR}/web/*.html")
    add_custom_command(OUTPUT "${folder}/embedded.cpp"
      COMMAND "${CMAKE_SOURCE_DIR}/scripts/build-web" "${folder}"
      DEPENDS ${sources} ${settings} "${CMAKE_SOURCE_DIR}/scripts/build-web"
      COMMENT "Building the pages" VERBATIM)
  else()
    set(folder "${CMAKE_CURRENT_BINARY_DIR}/no_web")
    file(CONFIGURE OUTPUT "${folder}/embedded.cpp" @ONLY CONTENT [=[
#include "door/web_files.hpp"

namespace sluice::door {
const std::span<const web_file> web_files;
}  // namespace sluice::door
]=])
  endif()
  set_source_files_properties("${folder}/embedded.cpp" PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
  target_sources(${arg_TARGET} PRIVATE "${folder}/embedded.cpp")
endfunction()
