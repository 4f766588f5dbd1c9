#include <csignal>
#include <cstdlib>
#include <exception>
#include <iostream>

#include <fcntl.h>
#include <malloc.h>
#include <unistd.h>

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

// Whoever starts this may have closed some of them; what is opened next would take their place, the database perhaps,
// and the words for the terminal would go there. What stands in for them can be neither read nor written.
void occupy_standard_streams() {
  for (const int each : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(each, F_GETFD) != -1) continue;
    const int taken = ::open("/dev/null", each == STDIN_FILENO ? O_WRONLY : O_RDONLY);
    if (taken != each) std::abort();
  }
}

}  // namespace

int main(int count, char** words) {
  occupy_standard_streams();
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
