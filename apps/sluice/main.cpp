#include <csignal>
#include <exception>
#include <iostream>

#include <malloc.h>

#include "app/command_line.hpp"
#include "app/exit_codes.hpp"
#include "app/roles.hpp"

namespace {

// A password takes 19 MiB for as long as it is hashed. Left to itself, glibc learns from the first one that blocks of
// this size are common, and keeps the memory of all later ones: of every thread that has ever hashed.
void give_large_blocks_back() {
  constexpr int large = 4 << 20;
  mallopt(M_MMAP_THRESHOLD, large);
  mallopt(M_TRIM_THRESHOLD, 2 * large);
}

}  // namespace

int main(int count, char** words) {
  give_large_blocks_back();
  // A file that may not grow further is an error of the write that meets it, not the end of the process.
  std::signal(SIGXFSZ, SIG_IGN);
  try {
    return sluice::app::run_command_line(count, words, std::cout, std::cerr);
  } catch (const std::exception& problem) {
    std::cerr << "sluice: " << problem.what() << '\n';
    return sluice::app::exit_internal;
  }
}
