#include <exception>
#include <iostream>

#include "app/command_line.hpp"
#include "app/exit_codes.hpp"
#include "app/roles.hpp"

int main(int count, char** words) {
  try {
    return sluice::app::run_command_line(count, words, std::cout, std::cerr);
  } catch (const std::exception& problem) {
    std::cerr << "sluice: " << problem.what() << '\n';
    return sluice::app::exit_internal;
  }
}
