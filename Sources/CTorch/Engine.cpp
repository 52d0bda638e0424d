// libtorch as a whole: errors, version, threads, devices, and whether gradients are recorded.
#include <ATen/Parallel.h>
#include <ATen/Context.h>
#include <ATen/core/grad_mode.h>
#include <torch/version.h>

#include <dlfcn.h>

#include <algorithm>
#ifdef __linux__
#include <sched.h>

#include <vector>
#endif

#include "Guard.h"

namespace ctorch {
static thread_local std::string last_error;
void remember(const char *message) { last_error = message; }
}  // namespace ctorch

const char *ct_last_error(void) { return ctorch::last_error.c_str(); }

const char *ct_version(void) { return TORCH_VERSION; }

void ct_set_threads(int threads) { at::set_num_threads(threads); }

int ct_threads(void) { return at::get_num_threads(); }

// The affinity mask of the calling thread. A cpu_set_t has 1024 bits, and the kernel refuses a mask
// that is smaller than its own, so the mask here is larger.
static int affinity(void) {
#ifdef __linux__
  std::vector<cpu_set_t> mask(64);
  size_t bytes = mask.size() * sizeof(cpu_set_t);
  if (sched_getaffinity(0, bytes, mask.data()) == 0) return CPU_COUNT_S(bytes, mask.data());
#endif
  return 0;
}

// With OMP_PROC_BIND, OpenMP binds the first thread to one processor as soon as it is loaded, and
// still knows how many there were before. It comes with libtorch, whose headers do not declare it.
int ct_processors(void) {
  auto count = reinterpret_cast<int (*)(void)>(dlsym(RTLD_DEFAULT, "omp_get_num_procs"));
  return std::max(affinity(), count ? count() : 0);
}

bool ct_cuda_available(void) {
  return ctorch::guarded([] { return at::globalContext().hasCUDA(); });
}

// Products of matrices and convolutions on CUDA in whole float32. TF32, which cuDNN uses otherwise, keeps
// ten bits of each factor, and certificates and comparisons with other programs need more.
void ct_use_whole_floats(void) {
  ctorch::guarded([] {
    at::globalContext().setAllowTF32CuDNN(false);
    at::globalContext().setAllowTF32CuBLAS(false);
    return true;
  });
}

bool ct_set_gradients(bool enabled) {
  bool before = at::GradMode::is_enabled();
  at::GradMode::set_enabled(enabled);
  return before;
}
