# What every target is compiled and linked with. Presets choose the rest (build type, sanitizers).
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
set_property(GLOBAL PROPERTY USE_FOLDERS ON)

# g++ 12 destroys temporaries of a co_await expression twice; see docs/decisions/toolchain.md.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 14)
  message(FATAL_ERROR "g++ ${CMAKE_CXX_COMPILER_VERSION} miscompiles coroutines; use clang++-19 (the presets do)")
endif()

option(SLUICE_WERROR "Treat warnings as errors" OFF)
set(SLUICE_SANITIZE "" CACHE STRING "Sanitizers: address,undefined or thread")

add_library(sluice_compile_options INTERFACE)
target_compile_options(sluice_compile_options INTERFACE
  -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wimplicit-fallthrough -Wunused
  -Wno-missing-designated-field-initializers # a field that is left out has its default
  -fno-omit-frame-pointer -fstack-protector-strong
  $<$<BOOL:${SLUICE_WERROR}>:-Werror>)
# Asio and Beast are compiled once, in libs/async/asio_source.cpp and libs/http/beast_source.cpp.
target_compile_definitions(sluice_compile_options INTERFACE
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED
  BOOST_BEAST_SEPARATE_COMPILATION BOOST_BEAST_USE_STD_STRING_VIEW
  SPDLOG_COMPILED_LIB SPDLOG_FMT_EXTERNAL)
if(SLUICE_SANITIZE)
  target_compile_options(sluice_compile_options INTERFACE -fsanitize=${SLUICE_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(sluice_compile_options INTERFACE -fsanitize=${SLUICE_SANITIZE})
endif()

if(SLUICE_BUILD_FUZZERS)
  target_compile_options(sluice_compile_options INTERFACE -fsanitize=fuzzer-no-link) # libFuzzer sees which code ran
endif()

find_program(SLUICE_CCACHE ccache)
if(SLUICE_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env
    CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime "${SLUICE_CCACHE}")
endif()
add_link_options(-fuse-ld=lld)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # Lets ccache keep objects that were built with the precompiled header.
  add_compile_options("SHELL:-Xclang -fno-pch-timestamp")
  add_link_options(--ld-path=/usr/bin/ld.lld-19)
endif()
