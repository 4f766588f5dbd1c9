# embed_file(TARGET gateway FILE web/demo/index.html SYMBOL demo_page)
#
# Puts a file into the executable: `extern const std::string_view SYMBOL;` in namespace sluice::embedded. The assembler
# reads the file itself, so its size costs no compile time.
function(embed_file)
  cmake_parse_arguments(arg "" "TARGET;FILE;SYMBOL" "" ${ARGN})
  cmake_path(ABSOLUTE_PATH arg_FILE BASE_DIRECTORY "${CMAKE_SOURCE_DIR}" OUTPUT_VARIABLE path)
  set(generated "${CMAKE_CURRENT_BINARY_DIR}/embedded_${arg_SYMBOL}.cpp")
  file(CONFIGURE OUTPUT "${generated}" @ONLY CONTENT [=[
#include <string_view>

asm(R"(
  .section .rodata
  .balign 16
sluice_embedded_@arg_SYMBOL@_begin:
  .incbin "@path@"
sluice_embedded_@arg_SYMBOL@_end:
  .byte 0
  .previous
)");
extern "C" const char sluice_embedded_@arg_SYMBOL@_begin[];
extern "C" const char sluice_embedded_@arg_SYMBOL@_end[];

namespace sluice::embedded {
extern const std::string_view @arg_SYMBOL@;
const std::string_view @arg_SYMBOL@{
    sluice_embedded_@arg_SYMBOL@_begin,
    static_cast<std::size_t>(sluice_embedded_@arg_SYMBOL@_end - sluice_embedded_@arg_SYMBOL@_begin)};
}  // namespace sluice::embedded
]=])
  set_source_files_properties("${generated}" PROPERTIES OBJECT_DEPENDS "${path}" SKIP_PRECOMPILE_HEADERS ON)
  target_sources(${arg_TARGET} PRIVATE "${generated}")
endfunction()
