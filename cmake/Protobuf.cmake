# Generated code is compiled apart from ours, without our warnings, and stays inside the codec:
# only the folder itself (and its tests) see the generated headers, as "messages/x.pb.h".

set(BOURSE_GENERATED_DIR "${PROJECT_BINARY_DIR}/generated")

# bourse_protobuf(<folder>): compiles <folder>/*.proto into the library bourse_<folder>.
function(bourse_protobuf folder)
  add_library(bourse_wire INTERFACE)
  target_include_directories(bourse_wire SYSTEM INTERFACE "${BOURSE_GENERATED_DIR}")
  target_link_libraries(bourse_wire INTERFACE protobuf::libprotobuf-lite)

  file(GLOB protos CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${folder}/*.proto")
  if(NOT protos)
    return()
  endif()
  file(MAKE_DIRECTORY "${BOURSE_GENERATED_DIR}")
  set(generated "")
  foreach(proto IN LISTS protos)
    get_filename_component(name "${proto}" NAME_WE)
    set(outputs "${BOURSE_GENERATED_DIR}/${folder}/${name}.pb.cc"
                "${BOURSE_GENERATED_DIR}/${folder}/${name}.pb.h")
    add_custom_command(OUTPUT ${outputs}
      COMMAND protobuf::protoc "--proto_path=${PROJECT_SOURCE_DIR}"
              "--cpp_out=${BOURSE_GENERATED_DIR}" "${proto}"
      DEPENDS ${protos} # one may import another
      COMMENT "protoc ${folder}/${name}.proto"
      VERBATIM)
    list(APPEND generated ${outputs})
  endforeach()

  add_library(bourse_wire_objects OBJECT ${generated})
  target_include_directories(bourse_wire_objects PRIVATE "${BOURSE_GENERATED_DIR}")
  target_link_libraries(bourse_wire_objects PRIVATE bourse_build protobuf::libprotobuf-lite)
  add_dependencies(bourse_wire bourse_wire_objects) # who includes the headers waits for protoc
  target_sources(bourse_${folder} PRIVATE "$<TARGET_OBJECTS:bourse_wire_objects>")
  target_link_libraries(bourse_${folder} PRIVATE bourse_wire)
endfunction()

# bourse_proto_text(<target> <header> <namespace> <proto>...): has the target define
# <namespace>::proto_text(), the text of these files, for who wants to know their messages' fields.
function(bourse_proto_text target header namespace)
  set(text "")
  foreach(proto IN LISTS ARGN)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${proto}")
    file(READ "${PROJECT_SOURCE_DIR}/${proto}" content)
    string(APPEND text "${content}")
  endforeach()
  set(source "${BOURSE_GENERATED_DIR}/${target}_proto_text.cpp")
  set(definition
    "#include \"${header}\"\nstd::string_view ${namespace}::proto_text() {\n  return R\"proto(${text})proto\";\n}\n")
  file(GENERATE OUTPUT "${source}" CONTENT "${definition}")
  target_sources(${target} PRIVATE "${source}")
  set_source_files_properties("${source}" PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
endfunction()
