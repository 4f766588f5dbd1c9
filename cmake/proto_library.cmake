# What services say to each other, as C++.
#
#   proto_library(NAME identity_proto DIR identity/v1 IMPORTS rpc_proto)   # → #include "identity/v1/identity.grpc.pb.h"
#
# Compiles every proto/DIR/*.proto (messages and, for callbacks, services) into one library. ROOT is another folder than
# proto/, for what only tests say. Generated code is compiled without our warnings and is included as a system header. A
# service links it under PRIVATE_LIBRARIES, so that no other folder sees it; tests/tidy lets only rpc_*.cpp include it.

find_program(PROTOC protoc REQUIRED)
find_program(GRPC_CPP_PLUGIN grpc_cpp_plugin REQUIRED)
find_library(PROTOBUF protobuf REQUIRED)
find_library(GRPCPP grpc++ REQUIRED)
find_library(GRPC grpc REQUIRED)
find_library(GPR gpr REQUIRED)
find_library(ABSL_SYNCHRONIZATION absl_synchronization REQUIRED) # which gRPC's headers use
set(GRPC_LIBRARIES ${GRPCPP} ${GRPC} ${GPR} ${PROTOBUF} ${ABSL_SYNCHRONIZATION})

function(proto_library)
  cmake_parse_arguments(arg "" "NAME;ROOT;DIR" "IMPORTS" ${ARGN})
  set(root "${CMAKE_SOURCE_DIR}/proto")
  if(arg_ROOT)
    cmake_path(ABSOLUTE_PATH arg_ROOT OUTPUT_VARIABLE root)
  endif()
  set(made "${CMAKE_BINARY_DIR}/proto/${arg_NAME}")
  file(MAKE_DIRECTORY "${made}")
  file(GLOB protos CONFIGURE_DEPENDS "${root}/${arg_DIR}/*.proto")
  if(NOT protos)
    message(FATAL_ERROR "${root}/${arg_DIR}: no .proto files")
  endif()
  set(sources "")
  foreach(proto IN LISTS protos)
    cmake_path(GET proto STEM stem)
    set(base "${made}/${arg_DIR}/${stem}")
    set(outputs "${base}.pb.cc" "${base}.pb.h" "${base}.grpc.pb.cc" "${base}.grpc.pb.h")
    add_custom_command(OUTPUT ${outputs}
      COMMAND "${PROTOC}" "--proto_path=${root}" "--cpp_out=${made}" "--grpc_out=${made}"
        "--plugin=protoc-gen-grpc=${GRPC_CPP_PLUGIN}" "${arg_DIR}/${stem}.proto"
      DEPENDS ${protos} VERBATIM COMMENT "Compiling ${arg_DIR}/${stem}.proto")
    list(APPEND sources "${base}.pb.cc" "${base}.grpc.pb.cc")
  endforeach()
  add_library(${arg_NAME} STATIC ${sources})
  target_include_directories(${arg_NAME} SYSTEM PUBLIC "${made}")
  target_compile_options(${arg_NAME} PRIVATE -w)
  target_link_libraries(${arg_NAME} PUBLIC ${arg_IMPORTS} ${GRPC_LIBRARIES} Threads::Threads)
  if(SLUICE_SANITIZE)
    target_compile_options(${arg_NAME} PRIVATE -fsanitize=${SLUICE_SANITIZE})
  endif()
endfunction()
