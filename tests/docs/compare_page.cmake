# Fails unless PROGRAM prints the file PAGE.
#
#   cmake -DPROGRAM=... -DPAGE=... -P tests/docs/compare_page.cmake
execute_process(COMMAND ${PROGRAM} OUTPUT_VARIABLE printed
  COMMAND_ERROR_IS_FATAL ANY)
file(READ ${PAGE} page)
if(NOT printed STREQUAL page)
  get_filename_component(name ${PROGRAM} NAME)
  cmake_path(GET PAGE FILENAME file)
  message(FATAL_ERROR "docs/${file} is not what ${name} prints. Print it anew:
  ${PROGRAM} >${PAGE}")
endif()
