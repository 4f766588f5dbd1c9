#include <csignal>
#include <exception>
#include <iostream>

#include "app/command_line.hpp"
#include "app/exit_codes.hpp"
#include "app/roles.hpp"

int main(int count, char** words) {
  // A file that may not grow further is an error of the write that meets it, not the end of the process.
  std::signal(SIGXFSZ, SIG_IGN);
  try {
    return sluice::app::run_command_line(count, words, std::cout, std::cerr);
  } catch (const std::exception& problem) {
    std::cerr << "sluice: " << problem.what() << '\n';
    return sluice::app::exit_internal;
  }
}
