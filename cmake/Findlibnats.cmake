# Finds libnats, NATS' C client, by pkg-config: the package that Debian 12's libnats-dev has for
# CMake names files which are not there. Gives libnats::libnats.
find_package(PkgConfig QUIET)
if(PKG_CONFIG_FOUND)
  pkg_check_modules(libnats_pc QUIET IMPORTED_TARGET libnats)
endif()
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(libnats
  REQUIRED_VARS libnats_pc_LINK_LIBRARIES VERSION_VAR libnats_pc_VERSION
  REASON_FAILURE_MESSAGE "install libnats-dev and pkg-config (script/bootstrap does), or build \
without the component nats: -DAETHER_WITH_NATS=OFF")
if(libnats_FOUND AND NOT TARGET libnats::libnats)
  add_library(libnats::libnats INTERFACE IMPORTED)
  target_link_libraries(libnats::libnats INTERFACE PkgConfig::libnats_pc)
endif()
