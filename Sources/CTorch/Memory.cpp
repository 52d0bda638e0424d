// The allocator behind all tensors in the processor's memory: it keeps large blocks when tensors
// free them, and hands them out again for tensors of about the same size.
//
// Why. By default, glibc's malloc returns each large block to the kernel when it is freed, and the
// kernel clears every page of it again at the next allocation. Networks free and allocate the same
// large tensors in every pass, and keeping their memory makes passes up to 1.7 times as fast.
// malloc can be told to keep large blocks itself. But then it puts small blocks into a large free
// one, which is too small from then on for the next large tensor, so a run over many batches grows
// by about a batch each time. Here large blocks are kept by size, apart from small ones.
//
// When. The allocator is registered with libtorch by a static initialiser at the end of this file:
// when the process loads this code, before main, and so before the first tensor. It stays for the
// life of the process. Nobody has to call anything for it, and nothing turns it off.
//
// How much. Blocks of at least one megabyte are kept, and never more of them in all than were once
// in use at the same time. Keeping therefore at most doubles what tensors take. If the system has
// no more memory, all free blocks are returned to it before an allocation fails.
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

/// The elements of a tensor begin at a multiple of this many bytes, as they do with libtorch's own
/// allocator. As many bytes are reserved before them, and hold the `kept_size` of the block.
constexpr size_t alignment = 64;
/// Blocks smaller than this many bytes go straight to malloc.
constexpr size_t least_kept = 1 << 20;

/// The size, in bytes, of a block that is kept for a tensor of `size` bytes; 0 if it is not kept.
///
/// Sizes are rounded up to one of eight steps from each power of two to the next, so that a block
/// serves tensors of similar sizes and is at most an eighth larger than needed.
size_t kept_size(size_t size) {
  if (size < least_kept) return 0;
  const size_t step = std::bit_floor(size) / 8;
  return (size + step - 1) / step * step;
}

/// The free blocks by their kept size, and how many bytes are in use and kept.
class FreeBlocks {
 public:
  /// Takes a free block of a kept size, and counts it as in use; null if there is none.
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

  /// Counts a block that was newly allocated as in use.
  void count(size_t size) {
    const std::lock_guard guard(mutex);
    add_to_use(size);
  }

  /// Keeps a block that is no longer in use. If more would be kept than was ever in use at the same
  /// time, all blocks kept so far are freed first. That happens when the sizes of tensors change,
  /// and frees blocks of sizes that are no longer used.
  ///
  /// Never throws, since tensors are freed in destructors. A block that cannot be kept is freed.
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

  /// Frees all blocks that are kept.
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
  /// Bytes in use now, bytes kept now, and the most bytes that were in use at the same time.
  size_t in_use = 0, kept = 0, peak = 0;
};

/// The bytes of large blocks that this thread has taken, less those that it has given back, and the
/// most that this may become.
thread_local int64_t taken = 0, most_taken = INT64_MAX;

/// Never destroyed, since tensors may still be freed while the process ends.
FreeBlocks &free_blocks = *new FreeBlocks;

/// libtorch's interface to the free blocks.
class KeptMemory final : public c10::Allocator {
 public:
  c10::DataPtr allocate(size_t size) override {
    TORCH_CHECK(size <= PTRDIFF_MAX / 2, "a tensor of ", size, " bytes is larger than any memory");
    char *data = size == 0 ? nullptr : block(size);
    return {data, data, &give_back, c10::Device(c10::DeviceType::CPU)};
  }

  c10::DeleterFnPtr raw_deleter() const override { return &give_back; }

  void copy_data(void *to, const void *from, size_t count) const override {
    default_copy_data(to, from, count);
  }

 private:
  static char *block(size_t size) {
    const size_t kept = kept_size(size);
    const int64_t bytes = static_cast<int64_t>(kept);
    TORCH_CHECK(kept == 0 || bytes <= most_taken - taken, "it needs a tensor of ", size,
                " bytes, which is more memory than it is given");
    char *start = kept ? free_blocks.take(kept) : nullptr;
    if (!start) {
      start = fresh(std::max(kept, size) + alignment);
      free_blocks.count(kept);
    }
    *reinterpret_cast<size_t *>(start) = kept;
    taken += bytes;
    return start + alignment;
  }

  static char *fresh(size_t size) {
    void *start = nullptr;
    if (posix_memalign(&start, alignment, size) != 0) {
      free_blocks.clear();
      TORCH_CHECK(posix_memalign(&start, alignment, size) == 0, "no memory for ", size,
                  " more bytes");
    }
    return static_cast<char *>(start);
  }

  static void give_back(void *data) {
    if (!data) return;
    char *start = static_cast<char *>(data) - alignment;
    const size_t kept = *reinterpret_cast<size_t *>(start);
    taken -= static_cast<int64_t>(kept);
    if (kept) {
      free_blocks.give(start, kept);
    } else {
      std::free(start);
    }
  }
};

/// Registers the allocator before main.
///
/// It must be registered before the first tensor, and must never be replaced: oneDNN frees a tensor
/// through the allocator that is registered at that moment, even if another one gave its memory. A
/// block that malloc gave has no reserved bytes before it, so `give_back` would corrupt memory.
[[maybe_unused]] const bool is_registered = [] {
  c10::SetCPUAllocator(new KeptMemory);
  return true;
}();

}  // namespace

void ct_limit_memory(int64_t bytes) {
  most_taken = bytes < 0 || bytes > INT64_MAX - std::max<int64_t>(taken, 0) ? INT64_MAX
                                                                           : taken + bytes;
}

// The allocator above keeps tensors of a megabyte and more, without this call. What remains is
// malloc's: smaller tensors, and the working memory of libtorch, oneDNN and the caller's own code.
// These settings of glibc make malloc keep that memory too. They hold for the whole process: no
// block is mapped on its own (M_MMAP_MAX), free memory is not returned to the kernel
// (M_TRIM_THRESHOLD), and the heap grows by 64 MB at a time (M_TOP_PAD).
void ct_keep_memory(void) {
#ifdef __GLIBC__
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, 2147483647);
  mallopt(M_TOP_PAD, 64 << 20);
#endif
}
