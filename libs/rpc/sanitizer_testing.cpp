// Read by LeakSanitizer where the tests are built with it.

// c-ares, which gRPC looks names up with, loses a few bytes with each look-up of a name of this machine.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() {
  return "leak:libcares.so\n";
}
