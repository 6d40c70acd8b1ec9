#include <unistd.h>

#include <iostream>

#include "client/cli/embctl.h"

int main(int argc, char** argv) {
  emb::Session session = {.out = std::cout,
                          .err = std::cerr,
                          .connect = emb::Client::Connect,
                          .err_is_terminal = isatty(STDERR_FILENO) == 1,
                          .out_is_terminal = isatty(STDOUT_FILENO) == 1};
  return emb::RunEmbctl(argc, argv, session);
}
