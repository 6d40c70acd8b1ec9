// Debian's Abseil is not instrumented, so ThreadSanitizer does not see the
// reference count of a Status go down: when one thread reads a status that it
// shares with another, and the other drops it last, the delete looks like a
// race. AddressSanitizer still finds a real use after free.
extern "C" const char* __tsan_default_suppressions() {
  return "race:absl::*::Status::Unref\n";
}
