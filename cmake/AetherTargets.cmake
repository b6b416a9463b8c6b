# aether_add_library(NAME [INTERFACE]): a library of the project with the alias aether::NAME (or
# aether::X for aether_X). Sources and headers are added by the folders.
function(aether_add_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "INTERFACE" "" "")
  if(arg_INTERFACE)
    set(scope INTERFACE)
    add_library(${name} INTERFACE)
  else()
    set(scope PUBLIC)
    add_library(${name})
    target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src)
    set_target_properties(${name} PROPERTIES
      VERSION ${PROJECT_VERSION}
      SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}  # no ABI promise before 1.0
      POSITION_INDEPENDENT_CODE ON)
  endif()
  target_compile_features(${name} ${scope} cxx_std_23)
  string(REGEX REPLACE "^aether_" "" short ${name})
  add_library(aether::${short} ALIAS ${name})
  set_target_properties(${name} PROPERTIES EXPORT_NAME ${short})
  set_property(GLOBAL APPEND PROPERTY AETHER_LIBRARIES ${name})
endfunction()

# aether_headers(NAME SCOPE MODULE): the public headers of a module, each compiled alone by the
# target all_verify_interface_header_sets.
function(aether_headers name scope module)
  file(GLOB headers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/include/aether/${module}/*.hpp)
  target_sources(${name} ${scope} FILE_SET HEADERS
    BASE_DIRS ${PROJECT_SOURCE_DIR}/include FILES ${headers})
endfunction()

# aether_group_by_folder(TARGET): a unity build compiles each folder of its sources as one.
function(aether_group_by_folder target)
  set_target_properties(${target} PROPERTIES UNITY_BUILD_MODE GROUP)
  get_target_property(sources ${target} SOURCES)
  foreach(source ${sources})
    cmake_path(GET source PARENT_PATH folder)
    cmake_path(GET folder FILENAME folder)
    set_source_files_properties(${source} TARGET_DIRECTORY ${target}
                                PROPERTIES UNITY_GROUP ${folder})
  endforeach()
endfunction()
