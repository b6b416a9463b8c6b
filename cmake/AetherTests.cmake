find_package(GTest REQUIRED)
include(GoogleTest)

# aether_add_test(NAME SOURCES … [LIBRARIES …] [LABELS …]): one test program; its cases are found by
# asking it, so that ctest names and times each of them.
function(aether_add_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "SOURCES;LIBRARIES;LABELS")
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(${name} PRIVATE aether::aether ${arg_LIBRARIES} GTest::gmock_main)
  # GoogleTest's headers take a second of each file. (Not with g++ 12, which then warns of faults in
  # its own headers, and not with ccache, which cannot keep such files.)
  list(LENGTH arg_SOURCES files)
  if(files GREATER 7 AND CMAKE_CXX_COMPILER_ID MATCHES "Clang" AND
     NOT CMAKE_CXX_COMPILER_LAUNCHER MATCHES "ccache")
    target_precompile_headers(${name} PRIVATE <gmock/gmock.h>)
  endif()
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60
    PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS "${arg_LABELS}")
endfunction()
