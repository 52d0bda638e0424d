// libtorch as a whole: errors, version, threads, devices, and whether gradients are recorded.
#include <ATen/Parallel.h>
#include <ATen/Context.h>
#include <ATen/core/grad_mode.h>
#include <torch/version.h>

#include "Guard.h"

namespace ctorch {
static thread_local std::string last_error;
void remember(const char *message) { last_error = message; }
}  // namespace ctorch

const char *ct_last_error(void) { return ctorch::last_error.c_str(); }

const char *ct_version(void) { return TORCH_VERSION; }

void ct_set_threads(int threads) { at::set_num_threads(threads); }

int ct_threads(void) { return at::get_num_threads(); }

bool ct_cuda_available(void) {
  return ctorch::guarded([] { return at::globalContext().hasCUDA(); });
}

bool ct_set_gradients(bool enabled) {
  bool before = at::GradMode::is_enabled();
  at::GradMode::set_enabled(enabled);
  return before;
}
