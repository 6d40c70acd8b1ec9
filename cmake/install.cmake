# What `cmake --install` puts where: the client as the package `emb`, the
# programs, and the wire contract for other languages.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# With google/rpc, which the contract imports.
install(
  DIRECTORY
    ${PROJECT_SOURCE_DIR}/proto/embedding
    ${PROJECT_SOURCE_DIR}/proto/google
  DESTINATION ${CMAKE_INSTALL_DATADIR}/emb/proto
  FILES_MATCHING PATTERN *.proto)
if(EMB_BUILD_SERVER)
  install(TARGETS embedding-server COMPONENT programs)
endif()
if(EMB_BUILD_CLI)
  install(TARGETS embctl COMPONENT programs)
endif()
if(NOT EMB_BUILD_CLIENT)
  return()
endif()

# emb::proto comes along to be linked; its generated headers stay here.
set(package ${CMAKE_INSTALL_LIBDIR}/cmake/emb)
install(
  DIRECTORY ${PROJECT_SOURCE_DIR}/client/include/
  TYPE INCLUDE
  FILES_MATCHING PATTERN *.h)
install(TARGETS emb_client EXPORT embTargets
  INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS emb_proto EXPORT embTargets)
install(EXPORT embTargets NAMESPACE emb:: DESTINATION ${package})
configure_package_config_file(
  ${PROJECT_SOURCE_DIR}/cmake/embConfig.cmake.in
  ${PROJECT_BINARY_DIR}/cmake/embConfig.cmake
  INSTALL_DESTINATION ${package}
  NO_SET_AND_CHECK_MACRO)
# Before 1.0 a minor version may break callers.
write_basic_package_version_file(
  ${PROJECT_BINARY_DIR}/cmake/embConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(
  FILES
    ${PROJECT_BINARY_DIR}/cmake/embConfig.cmake
    ${PROJECT_BINARY_DIR}/cmake/embConfigVersion.cmake
  DESTINATION ${package})
