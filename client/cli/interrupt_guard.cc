#include "client/cli/interrupt_guard.h"

namespace emb {
namespace {

// Set by the handler of a signal, which has no other way to reach anything.
std::atomic<bool> interrupted_flag = false;
static_assert(std::atomic<bool>::is_always_lock_free);

void OnSignal(int /*signal*/) { interrupted_flag = true; }

}  // namespace

InterruptGuard::InterruptGuard() {
  interrupted_flag = false;
  struct sigaction action = {};
  action.sa_handler = OnSignal;
  // Once: the second signal does what it did before there was a guard.
  action.sa_flags = static_cast<int>(SA_RESETHAND) | SA_RESTART;
  sigaction(SIGINT, &action, &interrupt_before_);
  sigaction(SIGTERM, &action, &terminate_before_);
}

InterruptGuard::~InterruptGuard() {
  sigaction(SIGINT, &interrupt_before_, nullptr);
  sigaction(SIGTERM, &terminate_before_, nullptr);
}

const std::atomic<bool>& InterruptGuard::interrupted() {
  return interrupted_flag;
}

}  // namespace emb
