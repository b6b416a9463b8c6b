# What `cmake --install` lays down: the libraries and headers, a package for find_package with one
# component a library, files for pkg-config, and the program.
#
#     find_package(aether 0.1 CONFIG REQUIRED COMPONENTS stores json testing)
#
# aether::aether is always there; each component adds aether::<component> and asks only for what
# that one needs. With static libraries the users link what ours use, so that must be found; with
# shared libraries (BUILD_SHARED_LIBS=ON) it is our own affair.
include(CMakePackageConfigHelpers)

set(aether_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/aether)
set(aether_static_dependencies TRUE)
if(BUILD_SHARED_LIBS)
  set(aether_static_dependencies FALSE)
endif()

# aether_install_pkg_config(NAME DESCRIPTION REQUIRES PRIVATE LIBS): NAME.pc. PRIVATE is what static
# libraries need beside REQUIRES. It goes to Requires all the same, not to Requires.private: that
# one is looked for even when nobody links it, and `pkg-config --static` drags in what a shared
# libsqlite3 needs, which Debian does not install with it.
function(aether_install_pkg_config name description requires private libs)
  if(aether_static_dependencies)
    list(APPEND requires ${private})
  endif()
  list(JOIN requires " " requires)
  set(package_description ${description})
  file(RELATIVE_PATH up ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
  string(REGEX REPLACE "/$" "" up ${up})
  foreach(folder LIBDIR INCLUDEDIR)  # relative ones move with the installation
    set(package_${folder} ${CMAKE_INSTALL_${folder}})
    if(NOT IS_ABSOLUTE ${CMAKE_INSTALL_${folder}})
      string(PREPEND package_${folder} "\${prefix}/")
    endif()
  endforeach()
  configure_file(${PROJECT_SOURCE_DIR}/cmake/aether.pc.in ${PROJECT_BINARY_DIR}/${name}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/${name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endfunction()

get_property(aether_libraries GLOBAL PROPERTY AETHER_LIBRARIES)
foreach(library IN LISTS aether_libraries)
  install(TARGETS ${library} EXPORT ${library} FILE_SET HEADERS)
  install(EXPORT ${library} NAMESPACE aether:: DESTINATION ${aether_package_dir})
  if(BUILD_SHARED_LIBS AND NOT library STREQUAL aether_json)
    set_property(TARGET ${library} PROPERTY INSTALL_RPATH $ORIGIN)
  endif()
endforeach()

if(AETHER_BUILD_CLI)
  file(RELATIVE_PATH to_libraries ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_LIBDIR})
  set_property(TARGET aether_cli PROPERTY INSTALL_RPATH $ORIGIN/${to_libraries})
  install(TARGETS aether_cli)
endif()

aether_install_pkg_config(aether "${PROJECT_DESCRIPTION}" "" "simdjson;libcrypto"
                          "-laether -pthread")
if(TARGET aether_sqlite)
  aether_install_pkg_config(aether-sqlite "Aether's embedded event store" "aether" "sqlite3"
                            "-laether_sqlite")
endif()
if(TARGET aether_nats)
  aether_install_pkg_config(aether-nats "Aether on NATS and JetStream" "aether"
                            "libnats;simdjson;libcrypto" "-laether_nats")
  install(FILES ${PROJECT_SOURCE_DIR}/cmake/Findlibnats.cmake DESTINATION ${aether_package_dir})
endif()
if(TARGET aether_stores)
  set(stores_requires aether)
  foreach(kind sqlite nats)
    if(TARGET aether_${kind})
      list(APPEND stores_requires aether-${kind})
    endif()
  endforeach()
  aether_install_pkg_config(aether-stores "Aether's stores by their URLs" "${stores_requires}" ""
                            "-laether_stores")
endif()
if(TARGET aether_json)
  aether_install_pkg_config(aether-json "User structs as the data of Aether's events"
                            "aether;nlohmann_json" "" "")
endif()
if(TARGET aether_testing)
  aether_install_pkg_config(aether-testing "Conformance suites for Aether's stores" "aether" "gmock"
                            "-laether_testing")
endif()

configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/aetherConfig.cmake.in
                              ${PROJECT_BINARY_DIR}/aetherConfig.cmake
                              INSTALL_DESTINATION ${aether_package_dir})
# Before 1.0 a minor version may change anything.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/aetherConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/aetherConfig.cmake
              ${PROJECT_BINARY_DIR}/aetherConfigVersion.cmake
        DESTINATION ${aether_package_dir})
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
