// The engine's memory: large blocks are kept when they are freed, and given out again to whoever
// wants as many bytes.
#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <mutex>
#include <new>
#include <vector>

#include "include/CTorch.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace {

/// Tensors begin at a multiple of this, as libtorch has it; the bytes before one say how large its
/// block is.
constexpr size_t alignment = 64;
/// Smaller blocks are malloc's own business.
constexpr size_t least_kept = 1 << 20;

/// Blocks of many sizes fall into eight classes from one power of two to the next.
size_t kept_size(size_t size) {
  if (size < least_kept) return 0;
  const size_t step = std::bit_floor(size) / 8;
  return (size + step - 1) / step * step;
}

/// The blocks that are free. In all they are never more than were once in use at the same time, so
/// that keeping them at most doubles what tensors take.
class FreeBlocks {
 public:
  /// A block of a size; null if there is none.
  char *take(size_t size) {
    const std::lock_guard guard(mutex);
    const auto found = blocks.find(size);
    if (found == blocks.end() || found->second.empty()) return nullptr;
    char *block = found->second.back();
    found->second.pop_back();
    kept -= size;
    add_to_use(size);
    return block;
  }

  /// A new block is in use.
  void count(size_t size) {
    const std::lock_guard guard(mutex);
    add_to_use(size);
  }

  /// Never throws: who frees memory cannot be told.
  void give(char *block, size_t size) noexcept {
    const std::lock_guard guard(mutex);
    in_use -= size;
    if (kept + size > peak) release_all();
    try {
      blocks[size].push_back(block);
      kept += size;
    } catch (const std::bad_alloc &) {
      std::free(block);
    }
  }

  void clear() {
    const std::lock_guard guard(mutex);
    release_all();
  }

 private:
  void add_to_use(size_t size) {
    in_use += size;
    peak = std::max(peak, in_use);
  }

  void release_all() {
    for (auto &[size, list] : blocks) {
      for (char *block : list) std::free(block);
    }
    blocks.clear();
    kept = 0;
  }

  std::mutex mutex;
  std::map<size_t, std::vector<char *>> blocks;
  size_t in_use = 0, kept = 0, peak = 0;
};

/// Lives as long as the process, since tensors may.
FreeBlocks &free_blocks = *new FreeBlocks;

class KeptMemory final : public c10::Allocator {
 public:
  c10::DataPtr allocate(size_t size) override {
    TORCH_CHECK(size <= PTRDIFF_MAX / 2, "a tensor of ", size, " bytes is larger than any memory");
    char *data = size == 0 ? nullptr : block(size);
    return {data, data, &give_back, c10::Device(c10::DeviceType::CPU)};
  }

  c10::DeleterFnPtr raw_deleter() const override { return &give_back; }

  void copy_data(void *to, const void *from, size_t count) const override { default_copy_data(to, from, count); }

 private:
  static char *block(size_t size) {
    const size_t kept = kept_size(size);
    char *start = kept ? free_blocks.take(kept) : nullptr;
    if (!start) {
      start = fresh(std::max(kept, size) + alignment);
      free_blocks.count(kept);
    }
    *reinterpret_cast<size_t *>(start) = kept;
    return start + alignment;
  }

  static char *fresh(size_t size) {
    void *start = nullptr;
    if (posix_memalign(&start, alignment, size) != 0) {
      free_blocks.clear();
      TORCH_CHECK(posix_memalign(&start, alignment, size) == 0, "there is no memory for ", size, " more bytes");
    }
    return static_cast<char *>(start);
  }

  static void give_back(void *data) {
    if (!data) return;
    char *start = static_cast<char *>(data) - alignment;
    const size_t kept = *reinterpret_cast<size_t *>(start);
    if (kept) {
      free_blocks.give(start, kept);
    } else {
      std::free(start);
    }
  }
};

/// Before the first tensor, since oneDNN's tensors are freed through the allocator of the moment,
/// whoever gave their memory; and for as long as the process lives.
[[maybe_unused]] const bool is_in_charge = [] {
  c10::SetCPUAllocator(new KeptMemory);
  return true;
}();

}  // namespace

// malloc does not keep large blocks well: as it comes, glibc gives them back to the kernel, which
// clears each of their pages again at the next allocation; told to keep them, it lets small blocks
// settle in a free large one, and takes fresh memory for the next. Keeping makes a network's passes
// up to 1.7 times as fast. Tensors are kept above; here malloc is told to keep the rest.
void ct_keep_memory(void) {
#ifdef __GLIBC__
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, 2147483647);
  mallopt(M_TOP_PAD, 64 << 20);
#endif
}
