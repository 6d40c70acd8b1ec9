# emb_options: how our own code is compiled. Linked PRIVATE, so that none of
# it reaches users: BUILD_INTERFACE keeps it out of what is installed, where a
# static library would name even its PRIVATE dependencies.
add_library(emb_options INTERFACE)
target_compile_features(emb_options INTERFACE cxx_std_20)
target_include_directories(emb_options INTERFACE ${PROJECT_SOURCE_DIR})
# Binaries name their sources from the repository's root, wherever it is.
target_compile_options(emb_options INTERFACE
  -fmacro-prefix-map=${PROJECT_SOURCE_DIR}/=
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion
  -Wnon-virtual-dtor
  $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety>
  # GCC 12 sees overlaps in std::string that are not there (PR 105651).
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
  $<$<BOOL:${EMB_WERROR}>:-Werror>)
if(EMB_SANITIZE)
  target_compile_options(emb_options INTERFACE
    -fsanitize=${EMB_SANITIZE} -fno-sanitize-recover=all
    -fno-omit-frame-pointer)
  target_link_options(emb_options INTERFACE -fsanitize=${EMB_SANITIZE})
endif()

# emb_library(name SOURCES... DEPENDS... PRIVATE_DEPENDS...): one layer.
function(emb_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;PRIVATE_DEPENDS" ${ARGN})
  add_library(emb_${name} STATIC ${ARG_SOURCES})
  add_library(emb::${name} ALIAS emb_${name})
  set_target_properties(emb_${name} PROPERTIES EXPORT_NAME ${name})
  target_link_libraries(emb_${name}
    PUBLIC ${ARG_DEPENDS}
    PRIVATE $<BUILD_INTERFACE:emb_options> ${ARG_PRIVATE_DEPENDS})
endfunction()
